from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from models.refusal import refused
from safebasin.models.shards import SINGLE


@pytest.mark.parametrize("config", [True, False])
@pytest.mark.parametrize(
    ("part", "remedy"),
    [
        ("pytorch_model_fsdp_0/__0_0.distcp", "accelerate merge-weights"),
        ("__0_0.distcp", "accelerate merge-weights"),
        ("global_step20/zero_pp_rank_0_mp_rank_00_model_states.pt", "zero_to_fp32.py"),
    ],
)
def test_parts_of_each_process(folder: Path, part: str, remedy: str, config: bool) -> None:
    (folder / SINGLE).unlink()
    (folder / "rng_state_0.pth").touch()
    (folder / part).parent.mkdir(exist_ok=True)
    (folder / part).touch()
    if not config:
        (folder / "config.json").unlink()
    refused(folder, remedy, "pass OUT")


def test_what_a_trainer_writes_beside_the_weights_is_not_the_weights(folder: Path) -> None:
    (folder / SINGLE).unlink()
    (folder / "optimizer.pt").touch()
    refused(folder, f"has no {SINGLE}")


def test_weights_that_were_never_gathered(folder: Path) -> None:
    tensors = {
        k: v if v.dim() < 2 else v.new_zeros(0) for k, v in load_file(folder / SINGLE).items()
    }
    save_file(tensors, folder / SINGLE)
    refused(folder, "ZeRO-3", "zero_to_fp32.py")


@pytest.mark.parametrize(
    ("prefix", "word"), [("_orig_mod.", "torch.compile"), ("module.", "DataParallel")]
)
def test_the_names_of_a_wrapper(folder: Path, prefix: str, word: str) -> None:
    tensors = {prefix + k: v for k, v in load_file(folder / SINGLE).items()}
    save_file(tensors, folder / SINGLE)
    refused(folder, prefix, word, "rename")


def test_an_empty_buffer_is_no_weight(folder: Path) -> None:
    from safebasin.models.check import check

    save_file({**load_file(folder / SINGLE), "state": torch.zeros(0)}, folder / SINGLE)
    assert check(folder).parameters
