from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

from safebasin.weights import windows as windows_module
from safebasin.weights.geometry import measure
from safebasin.weights.given import Held
from safebasin.weights.windows import MAX_ENTRIES, MIN_ENTRIES, entries_at_once, parts, windows
from weights.networks import Odd


def odd(seed: int = 0) -> dict[str, Tensor]:
    return {name: p.detach() for name, p in Odd(seed).named_parameters()}


class Counting(Held):
    """Counts how often each row is read, and the most entries that are asked for at once."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        super().__init__(tensors)
        object.__setattr__(self, "read", Counter())
        object.__setattr__(self, "most", [0])

    def rows(self, name: str, part: slice) -> Tensor:
        self.read.update((name, row) for row in range(part.start, part.stop))
        found = super().rows(name, part)
        self.most[0] = max(self.most[0], found.numel())
        return found


@pytest.mark.parametrize("entries", [1, 7, MAX_ENTRIES])
class TestReading:
    def test_everything_is_there_in_order(
        self, entries: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(windows_module, "MAX_ENTRIES", entries)
        networks = [odd(seed) for seed in range(3)]
        found: dict[str, list[Tensor]] = {}
        for name, window_SE in windows(networks[0], list(map(Held, networks))):
            found.setdefault(name, []).append(window_SE.clone())
            window_SE.zero_()
        assert list(found) == [name for name, tensor in networks[0].items() if tensor.numel()]
        for name, pieces in found.items():
            expected = torch.stack([network[name].reshape(-1).double() for network in networks])
            assert torch.equal(torch.cat(pieces, dim=1), expected)

    def test_every_row_of_every_checkpoint_is_read_exactly_once(
        self, entries: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(windows_module, "MAX_ENTRIES", entries)
        networks = [Counting(odd(seed)) for seed in range(4)]
        measure(odd(), networks[0], networks[1:])
        expected = {
            (name, row): 1
            for name, tensor in odd().items()
            if tensor.numel()
            for row in range(tensor.numel() // tensor.shape[-1] if tensor.dim() > 1 else 1)
        }
        assert all(network.read == expected for network in networks)


class TestMemory:
    def test_a_window_fits_into_two_tensors(self) -> None:
        like = {"big": torch.empty(4096, 128, device="meta"), "small": torch.empty(8)}
        for sources in (1, 5, 21, 100):
            entries = entries_at_once(like, sources)
            assert MIN_ENTRIES <= entries <= MAX_ENTRIES
            assert 8 * sources * entries <= 4 * 4096 * 128
        assert entries_at_once({"w": torch.empty(10)}, 20) == MIN_ENTRIES
        assert entries_at_once({}, 3) == MIN_ENTRIES

    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
    def test_what_is_allocated_for_twenty_checkpoints(self, dtype: torch.dtype) -> None:
        """The buffer and one source's rows as they are read: little more than one tensor."""
        tensors = {"w": torch.ones(4096, 64, dtype=dtype), "row": torch.ones(3, 1200, dtype=dtype)}
        sources = [Counting(tensors) for _ in range(21)]
        held = {window_SE.untyped_storage().nbytes() for _, window_SE in windows(tensors, sources)}
        read = 8 * max(source.most[0] for source in sources)
        assert len(held) == 1
        assert max(held) + read <= 1.1 * tensors["w"].numel() * tensors["w"].element_size()

    @pytest.mark.parametrize("shape", [(7,), (), (4, 3), (3, 4, 6), (1, 100), (100, 1)])
    @pytest.mark.parametrize("entries", [1, 10, 1000])
    def test_parts_cover_a_tensor(self, shape: tuple[int, ...], entries: int) -> None:
        tensor = torch.empty(shape)
        width = shape[-1] if len(shape) > 1 else tensor.numel()
        found = list(parts(tensor, entries))
        rows = [row for part in found for row in range(part.start, part.stop)]
        assert rows == list(range(tensor.numel() // width))
        assert all((part.stop - part.start) * width <= max(entries, width) for part in found)
