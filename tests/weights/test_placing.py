from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from safebasin.points import Direction, Point
from safebasin.weights import direction as direction_module
from safebasin.weights.direction import CHUNK, GPU_CHUNK, materialise, scales
from safebasin.weights.given import Drawn, Held
from safebasin.weights.overlay import Overlay
from safebasin.weights.placing import place
from weights.networks import POINTS, A, B, Odd, same_bits


def peak_bytes(work: Callable[[], object]) -> int:
    """The most that torch's allocator held at once on the CPU, above what it held before."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        work()
    held = peak = 0
    for event in seen.profiler.kineto_results.events():  # type: ignore[union-attr]
        if event.name() == "[memory]":
            held += event.nbytes()
            peak = max(peak, held)
    return peak


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_terms_are_added_in_order_in_float32_and_rounded_once(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    start = torch.randn(40, 7).to(dtype)
    steps = [torch.randn(40, 7), torch.randn(40, 7).bfloat16(), torch.randn(40, 7).double()]
    expected = start.float()
    for x, step in zip((0.1, 1e-3, -0.7), steps, strict=True):
        expected = expected + x * step.float()
    live = torch.zeros_like(start)
    terms = [(Held({"w": step}), x) for x, step in zip((0.1, 1e-3, -0.7), steps, strict=True)]
    before = start.clone()
    place("w", live, Held({"w": start}), terms)
    assert same_bits(live, expected.to(dtype))
    assert same_bits(start, before)


def test_held_and_drawn_are_the_same() -> None:
    weights = {name: p.detach() for name, p in Odd().named_parameters() if p.numel()}
    for way, x in (term for point in POINTS for term in point.terms):
        assert isinstance(way, Direction)
        scale = scales(way, weights)
        held, drawn = Held(materialise(way, weights, scale)), Drawn(way, scale, weights)
        for name, tensor in weights.items():
            found = [torch.empty_like(tensor) for _ in range(2)]
            for live, each in zip(found, (held, drawn), strict=True):
                place(name, live, Held(weights), [(each, x)])
            assert same_bits(*found)


def test_without_terms_every_bit_is_copied() -> None:
    """A way through fp32 would make a signalling NaN a quiet one."""
    start = torch.tensor([0x7F81, -0x8000, 1], dtype=torch.int16).view(torch.bfloat16)
    live = torch.zeros_like(start)
    place("w", live, Held({"w": start}), ())
    assert same_bits(live, start)


@pytest.mark.parametrize("way", [A, Direction(1, norm="row", orthogonal_to=0)])
def test_temporaries_do_not_grow_with_the_tensor(way: Direction) -> None:
    """On a GPU a chunk of them takes less than a gigabyte, too."""
    peaks = []
    for chunks in (2, 5):
        weights = {"w": torch.randn(chunks * 64, CHUNK // 64).bfloat16()}
        terms = [(Drawn(way, scales(way, weights), weights), 0.1)]
        live = torch.empty_like(weights["w"])
        peaks.append(peak_bytes(lambda: place("w", live, Held(weights), terms)))  # noqa: B023
    assert 4 * CHUNK < peaks[0] <= peaks[1] < 1.1 * peaks[0]
    assert peaks[1] / CHUNK * GPU_CHUNK < 1e9


def test_placing_a_network_takes_no_second_copy() -> None:
    """The control of the one above: a held direction is seen, and takes four bytes an entry."""
    model = nn.Linear(1024, 512, bias=False).bfloat16()
    numel = model.weight.numel()

    def once(over: Overlay) -> None:
        with over.at(Point(((A, 0.1), (B, 0.2)))):
            pass

    drawn, held = (Overlay(model, remember=remember) for remember in (0, 1 << 30))
    for over in (drawn, held):
        over.scales(A), over.scales(B)
    assert peak_bytes(lambda: once(drawn)) < 120 * CHUNK
    assert peak_bytes(lambda: once(held)) > 8 * numel


def test_a_restored_tensor_needs_none_at_all() -> None:
    start = torch.randn(512, 1024)
    live = torch.empty_like(start)
    assert peak_bytes(lambda: place("w", live, Held({"w": start}), ())) == 0


@pytest.mark.parametrize("chunk", [1, 5, 64])
def test_any_chunk_gives_the_same(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = {"w": torch.randn(9, 11)}
    terms = [(Drawn(A, scales(A, weights), weights), 0.3)]
    found: list[Tensor] = []
    for _ in range(2):
        found.append(torch.empty(9, 11))
        place("w", found[-1], Held(weights), terms)
        monkeypatch.setattr(direction_module, "CHUNK", chunk)
    assert same_bits(*found)
