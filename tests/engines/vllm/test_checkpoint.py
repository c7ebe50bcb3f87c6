"""How a loaded model is found on disk again; needs no vLLM."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from builders import rename_tensor, tiny_adapter, tiny_checkpoint

from safebasin.engines.vllm import checkpoint as module
from safebasin.engines.vllm.checkpoint import Checkpoint
from safebasin.engines.vllm.order import Order, weights
from safebasin.errors import InputRejectedError
from safebasin.models.load import load
from safebasin.points import Direction, Displacement, Point
from safebasin.records import ModelRef
from safebasin.weights.overlay import Overlay


def test_a_tied_tensor_moves_under_one_name(tmp_path: Path) -> None:
    loaded = load(ModelRef(str(tiny_checkpoint(tmp_path / "m", tied=True))))
    found = Checkpoint(loaded, Overlay(loaded.model), {}, tmp_path)
    names = {one.network for one in found.stored}
    assert "model.embed_tokens.weight" in names
    assert "lm_head.weight" not in names
    assert len(found.stored) == len(list(loaded.model.named_parameters()))


@pytest.mark.parametrize("alone", [False, True])
def test_an_adapter_is_merged(tmp_path: Path, alone: bool) -> None:
    base = tiny_checkpoint(tmp_path / "base")
    adapter = tiny_adapter(tmp_path / "adapter", base)
    ref = ModelRef(str(adapter)) if alone else ModelRef(str(base), adapter=str(adapter))
    loaded = load(ref)
    found = Checkpoint(loaded, Overlay(loaded.model), {}, tmp_path)
    assert found.folder != loaded.folder
    own = dict(loaded.model.named_parameters())
    plain = dict(load(ModelRef(str(base))).model.named_parameters())
    tensors = dict(weights(found.stored, Order(), torch.device("cpu"), []))
    assert tensors.keys() == own.keys()
    assert all(torch.equal(tensor, own[name]) for name, tensor in tensors.items())
    assert not all(torch.equal(tensor, plain[name]) for name, tensor in tensors.items())


def test_what_the_network_joins_cannot_be_placed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = load(ModelRef(str(tiny_checkpoint(tmp_path / "m"))))
    monkeypatch.setattr(module, "live_names", lambda _, names: dict.fromkeys(names))
    with pytest.raises(InputRejectedError, match="--engine transformers"):
        Checkpoint(loaded, Overlay(loaded.model), {}, tmp_path)


def test_a_parameter_that_is_in_no_file_cannot_be_placed(tmp_path: Path) -> None:
    folder = tiny_checkpoint(tmp_path / "m")
    loaded = load(ModelRef(str(folder)))
    rename_tensor(folder / "model.safetensors", "lm_head.weight", "elsewhere.weight")
    with pytest.raises(InputRejectedError, match="lm_head"):
        Checkpoint(loaded, Overlay(loaded.model), {}, tmp_path)


def test_an_unknown_way_is_refused(tmp_path: Path) -> None:
    loaded = load(ModelRef(str(tiny_checkpoint(tmp_path / "m"))))
    found = Checkpoint(loaded, Overlay(loaded.model), {}, tmp_path)
    for way in (Displacement("nowhere"), Direction(0, skip="none")):
        with pytest.raises(ValueError, match=r"pass it in|skips"):
            found.order(Point(((way, 0.5),)))
