from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from builders import tiny_checkpoint
from torch import Tensor, nn

from safebasin.errors import InputRejectedError, IntegrityError, ResourceError
from safebasin.models.load import LoadedModel, load
from safebasin.models.tensors import FileRows
from safebasin.records import ModelRef
from safebasin.weights import pristine as module
from safebasin.weights.given import Held, Rows, Towards
from safebasin.weights.overlay import Overlay
from safebasin.weights.pristine import choose, copies, settle
from weights.networks import POINTS, A, Odd, equal, snapshot, state_at, unchanged
from weights.test_overlay_given import TO_B, live

GB = 10**9


class Files:
    """Rows that are made anew each time they are read, as those from a file are."""

    def __init__(self, tensors: dict[str, Tensor]) -> None:
        self._held = Held({name: tensor.clone() for name, tensor in tensors.items()})

    def rows(self, name: str, part: slice) -> Tensor:
        return self._held.rows(name, part).clone()


@pytest.mark.parametrize(
    ("device", "host", "files", "home"),
    [
        (127, 100, True, "device"),  # 7B in bfloat16 on an H200
        (28, 0, False, "device"),
        (27, 100, True, "host"),  # on a card of 40 GB the KV cache would have too little left
        (10, 28, True, "host"),
        (10, 27, True, "files"),
        (10, 27, False, "host"),
        (20, 13, False, "device"),
        (27, None, True, "files"),
        (27, None, False, "device"),
        (28, None, True, "device"),
    ],
)
def test_the_fastest_home_with_room(device: int, host: int | None, files: bool, home: str) -> None:
    there = None if host is None else host * GB
    assert choose(14 * GB, device * GB, there, files=files) == home


@pytest.mark.parametrize("host", [None, 13 * GB])
def test_no_room_anywhere(host: int | None) -> None:
    with pytest.raises(ResourceError, match=r"14\.0 GB.*bfloat16"):
        choose(14 * GB, 13 * GB, host, files=False)


class TestSettle:
    def test_a_small_model_is_copied(self) -> None:
        tensors = live(Odd())
        kept = settle(tensors, lambda: pytest.fail("files are not looked at"))
        assert isinstance(kept, Held)
        for name, tensor in tensors.items():
            assert torch.equal(kept.tensors[name], tensor)
            assert tensor.numel() == 0 or kept.tensors[name].data_ptr() != tensor.data_ptr()

    def test_a_large_one_is_read_from_its_files(self, monkeypatch: pytest.MonkeyPatch) -> None:
        tensors = live(Odd())
        size = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
        monkeypatch.setattr(module, "free", lambda device: 2 * size - 1)
        files = Files(tensors)
        assert settle(tensors, lambda: files) is files

    def test_files_that_are_of_no_use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As where experts are stored one by one and computed with together."""
        tensors = live(Odd())
        size = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())

        def useless() -> Rows:
            raise InputRejectedError("lacks a parameter")

        for free, kind in ((2 * size - 1, Held), (size - 1, None)):
            monkeypatch.setattr(module, "free", lambda device, free=free: free)
            if kind:
                assert isinstance(settle(tensors, useless), kind)
            else:
                with pytest.raises(ResourceError):
                    settle(tensors, useless)


def test_copies_of_odd_tensors_are_contiguous() -> None:
    tensors = live(Odd())
    assert not tensors["transposed"].is_contiguous()
    kept = copies(tensors).tensors
    assert all(tensor.is_contiguous() for tensor in kept.values())
    assert equal(dict(kept), tensors)


@pytest.fixture(params=["float32", "bfloat16"])
def loaded(request: pytest.FixtureRequest, tmp_path: Path) -> LoadedModel:
    folder = tiny_checkpoint(tmp_path / "tiny", "llama", tied=True)
    return load(ModelRef(str(folder)), device="cpu", dtype=request.param)


class TestAnyHome:
    """Copies, copies in another form, and the checkpoint's own files are one to the caller."""

    def homes(self, loaded: LoadedModel) -> list[Rows | None]:
        tensors = dict(loaded.model.named_parameters())
        return [None, copies(tensors), Files(tensors), FileRows(loaded.checked, loaded.model)]

    def test_the_same_bits(self, loaded: LoadedModel) -> None:
        model, before = loaded.model, snapshot(loaded.model)
        overlays = [Overlay(model, pristine=home) for home in self.homes(loaded)]
        for point in POINTS:
            states = [state_at(over, model, point) for over in overlays]
            assert all(equal(state, states[0]) for state in states[1:])
            assert not equal(states[0], before)
            assert unchanged(model, before)
            for over in overlays:
                over.verify()
        for point in POINTS:
            for way, _ in point.terms:
                assert len({over.scales_digest(way) for over in overlays}) == 1

    def test_towards_another_checkpoint(self, loaded: LoadedModel) -> None:
        model, before = loaded.model, snapshot(loaded.model)
        other = {name: tensor * 1.5 for name, tensor in live(model).items()}
        given = {TO_B: Towards(Held(other))}
        overlays = [Overlay(model, pristine=home, given=given) for home in self.homes(loaded)]
        for x in (0.3, 1.0):
            point = type(POINTS[0])(((TO_B, x), (A, 0.1)))
            states = [state_at(over, model, point) for over in overlays]
            assert all(equal(state, states[0]) for state in states[1:])
        assert unchanged(model, before)

    def test_a_flipped_bit_after_a_point_is_found(self, loaded: LoadedModel) -> None:
        model = loaded.model
        name, weight = next(iter(model.named_parameters()))
        for home in self.homes(loaded):
            over = Overlay(model, pristine=home)
            state_at(over, model, POINTS[0])
            over.verify()
            entry = weight.data.view(-1)[-1:].view(
                torch.int16 if weight.dtype == torch.bfloat16 else torch.int32
            )
            entry ^= 1
            with pytest.raises(IntegrityError, match=name.replace(".", r"\.")):
                over.verify()
            entry ^= 1
            over.verify()

    def test_no_second_copy_where_files_are_read(self, loaded: LoadedModel) -> None:
        over = Overlay(loaded.model, pristine=FileRows(loaded.checked, loaded.model))
        for name, parameter in loaded.model.named_parameters():
            if name in over.pristine.tensors:
                assert over.pristine.tensors[name].data_ptr() == parameter.data_ptr()


@pytest.mark.parametrize("dtype", [None, torch.bfloat16])
def test_weights_of_another_model_are_refused_at_once(dtype: Any) -> None:
    model = Odd()
    other = live(Odd(1 if dtype is None else 0))
    files = Files({name: t.to(dtype or t.dtype) for name, t in other.items()})
    with pytest.raises(IntegrityError, match="not what was loaded"):
        Overlay(model, pristine=files)


@pytest.mark.gpu
class TestOffTheDevice:
    @pytest.mark.parametrize("home", ["pinned", "files"])
    def test_the_same_bits_and_little_memory(self, home: str) -> None:
        torch.manual_seed(0)
        model = nn.Linear(8192, 16384, bias=False).bfloat16().cuda()
        tensors = dict(model.named_parameters())
        here = {name: tensor.detach().cpu() for name, tensor in tensors.items()}
        expected = [state_at(Overlay(model, remember=0), model, point) for point in POINTS[:3]]
        kept = copies(tensors, pinned=True) if home == "pinned" else Files(here)
        over = Overlay(model, remember=0, pristine=kept)
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        for point, state in zip(POINTS[:3], expected, strict=True):
            with over.at(point):
                assert equal({"weight": model.weight.detach()}, state)
            over.verify()
        assert torch.cuda.max_memory_allocated() - before < 1e9
