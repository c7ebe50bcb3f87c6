from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from builders import edit_json, tiny_adapter
from transformers import AutoModelForCausalLM

from safebasin.errors import InputRejectedError
from safebasin.models import targets as module
from safebasin.models.adapterfile import read_adapter
from safebasin.models.lora import CONFIG
from safebasin.models.targets import saved_modules, targets

Q0, Q1 = "model.layers.0.self_attn.q_proj", "model.layers.1.self_attn.q_proj"


@pytest.fixture(scope="module")
def model(tiny: Path) -> Any:
    return AutoModelForCausalLM.from_pretrained(tiny)


@pytest.fixture(scope="module")
def original(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("adapters") / "original"
    return tiny_adapter(folder, tiny, target_modules=["q_proj"])


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "adapter"))


def found(folder: Path, model: Any, **settings: Any) -> dict[str, tuple[int, float]]:
    edit_json(folder / CONFIG, lambda config: config.update(settings))
    return {
        target.module: (target.rank, target.scaling)
        for target in targets(read_adapter(folder), model)
    }


def test_the_scale_is_alpha_by_rank(folder: Path, model: Any) -> None:
    assert found(folder, model, r=4, lora_alpha=6) == {Q0: (4, 1.5), Q1: (4, 1.5)}
    assert found(folder, model, use_rslora=True) == {Q0: (4, 3.0), Q1: (4, 3.0)}


def test_the_first_pattern_that_fits_wins(folder: Path, model: Any) -> None:
    ranks = {"layers.1.*": 2, "q_proj": 3}
    assert found(folder, model, rank_pattern=ranks, lora_alpha=6) == {Q0: (3, 2.0), Q1: (2, 3.0)}


def test_a_pattern_fits_whole_names_only(folder: Path, model: Any) -> None:
    alphas = {"proj": 1, "_proj": 1, "layers": 1, "ayers.0.self_attn.q_proj": 1}
    assert found(folder, model, alpha_pattern=alphas, lora_alpha=8)[Q0] == (4, 2.0)


def test_names_are_whole_ends(folder: Path, model: Any) -> None:
    assert not found(folder, model, target_modules=["proj"])
    assert set(found(folder, model, target_modules=["0.self_attn.q_proj"])) == {Q0}
    assert set(found(folder, model, target_modules=[Q1])) == {Q1}


@pytest.mark.parametrize(
    "settings",
    [
        {"layers_to_transform": [0]},
        {"layers_to_transform": 0, "layers_pattern": ["blocks", "layers"]},
        {"exclude_modules": ["1.self_attn.q_proj"]},
        {"exclude_modules": r".*\.1\..*"},
        {"target_modules": r"model\.layers\.0\.self_attn\.q_proj"},
        {"modules_to_save": ["layers.1"]},
    ],
)
def test_ways_to_name_one_layer(folder: Path, model: Any, settings: dict[str, Any]) -> None:
    assert set(found(folder, model, **settings)) == {Q0}


def test_all_linear_leaves_the_head_out(folder: Path, model: Any) -> None:
    names = set(found(folder, model, target_modules="ALL-linear"))
    assert len(names) == 14
    assert "lm_head" not in names


def test_saved_modules_match_any_end(folder: Path, model: Any) -> None:
    edit_json(folder / CONFIG, lambda config: config.update(modules_to_save=["layernorm"]))
    assert len(saved_modules(read_adapter(folder).lora, model)) == 4


@pytest.mark.parametrize(
    "settings",
    [
        {"target_modules": "(q_proj"},
        {"exclude_modules": "["},
        {"rank_pattern": {"(?P<": 3}},
        {"modules_to_save": ["(head"]},
        {"target_modules": "(" * 5000},
    ],
)
def test_a_pattern_that_is_not_valid(folder: Path, model: Any, settings: dict[str, Any]) -> None:
    with pytest.raises(InputRejectedError, match=r"not valid .*save the adapter again") as caught:
        found(folder, model, **settings)
    assert str(caught.value).isprintable()


def test_a_pattern_that_never_ends(
    folder: Path, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SECONDS", 0.5)
    start = time.monotonic()
    with pytest.raises(InputRejectedError, match="takes too long"):
        found(folder, model, target_modules=r"(\w|\w|\.|.)+!")
    assert time.monotonic() - start < 30, "PATIENCE times its own time at most"
