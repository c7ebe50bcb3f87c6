"""The kernels against the plain pass: bit for bit, in Triton's interpreter, without a GPU."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from safebasin.points import Direction, Point
from safebasin.weights import direction as direction_module
from safebasin.weights import fused
from safebasin.weights.given import Along, Held, Towards
from safebasin.weights.normal import normal, rademacher
from safebasin.weights.overlay import Overlay
from safebasin.weights.philox import words
from weights.networks import POINTS, A, B, Fused, Odd, equal, same_bits, state_at
from weights.test_overlay_given import ALONG, TO_B, live

CPU = torch.device("cpu")
KEY = (0x9E3779B9, 0xFFFFFFFF)


@pytest.fixture
def interpreted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernels run in Triton's interpreter, and the CPU counts as a device that has kernels."""
    pytest.importorskip("triton")
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    spec = spec_from_file_location("interpreted", Path(fused.__file__).with_name("kernels.py"))
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(fused, "_kernels", lambda: module)
    monkeypatch.setattr(fused, "available", lambda device: True)


def wide(seed: int) -> dict[str, Tensor]:
    """Tensors of two programs each, with rows that no block and no counter divides."""
    generator = torch.Generator().manual_seed(seed)
    return {
        "matrix": torch.randn(2, 301, generator=generator),
        "vector": torch.randn(513, generator=generator),
    }


class Wide(torch.nn.Module):
    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        for name, tensor in wide(seed).items():
            self.register_parameter(name, torch.nn.Parameter(tensor))


@pytest.mark.usefixtures("interpreted")
@pytest.mark.parametrize("start", [0, 3, 2**34 - 3])
@pytest.mark.parametrize("count", [1, 513, 2600])
def test_noise_of_any_span(start: int, count: int) -> None:
    words_W = words(KEY, start, start + count)
    for gaussian, plain in ((True, normal), (False, rademacher)):
        drawn = fused.noise(KEY, gaussian=gaussian, start=start, stop=start + count, device=CPU)
        assert same_bits(drawn, plain(words_W))


@pytest.mark.usefixtures("interpreted")
def test_the_trial_takes_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused, "TRIED", 1 << 12)
    assert fused._trial(CPU)
    monkeypatch.setattr(fused, "normal", lambda words_W: normal(words_W).nextafter(torch.ones(1)))
    assert not fused._trial(CPU)


@pytest.mark.parametrize("remember", [0, 1 << 30])
@pytest.mark.parametrize(
    ("network", "dtype"),
    [(Odd, torch.float32), (Odd, torch.float16), (Wide, torch.float32), (Fused, torch.float32)],
)
def test_every_point(network: Any, dtype: torch.dtype, remember: int, request: Any) -> None:
    """Drawn and held, one term and two, Gaussian and ±1, by tensor and by row, orthogonal."""
    points = (*POINTS[2:], Point(((Direction(1, norm="row", orthogonal_to=0), 0.3),)))
    model = network().to(dtype)
    expected = [state_at(Overlay(model, remember=0), model, point) for point in points]
    request.getfixturevalue("interpreted")
    over = Overlay(model, remember=remember)
    for point, state in zip(points, expected, strict=True):
        assert equal(state_at(over, model, point), state)
    over.verify()


def test_ways_that_are_given(request: Any) -> None:
    """Differences and axes are read a chunk at a time, and mixed with directions."""
    model, other = Odd(), live(Odd(1))
    given = {
        TO_B: Towards(Held(other)),
        ALONG: Along(Held({name: t.double() / 3 for name, t in other.items()})),
    }
    points = [
        Point(((TO_B, 1.0),)),
        Point(((TO_B, 0.3), (A, -0.2), (ALONG, 2.0))),
        Point(((A, 0.1), (TO_B, 1.0), (B, 0.7))),
    ]
    expected = [state_at(Overlay(model, given=given), model, point) for point in points]
    request.getfixturevalue("interpreted")
    for remember in (0, 1 << 30):
        over = Overlay(model, given=given, remember=remember)
        for point, state in zip(points, expected, strict=True):
            assert equal(state_at(over, model, point), state)


@pytest.mark.usefixtures("interpreted")
def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second row of 301 entries begins in the middle of a counter."""
    model, point = Wide(), Point(((A, 0.3), (B, 0.1)))
    expected = state_at(Overlay(model, remember=0), model, point)
    monkeypatch.setattr(direction_module, "CHUNK", 301)
    assert equal(state_at(Overlay(model, remember=0), model, point), expected)


@pytest.mark.usefixtures("interpreted")
def test_bfloat16_is_read_exactly_and_summed_in_float32() -> None:
    """The interpreter itself truncates to bfloat16; how a GPU rounds is in `test_kernels`."""
    start = torch.randn(3000).bfloat16()
    steps = [torch.randn(3000) for _ in range(3)]
    found, expected = torch.empty(3000), start.float()
    for amount, step in zip((0.1, -2.0, 1e-9), steps, strict=True):
        expected = expected + amount * step
    fused.add_held(start, steps, (0.1, -2.0, 1e-9), found)
    assert same_bits(found, expected)
    assert not same_bits(found, start.float())


def test_without_a_gpu_there_is_no_fused_pass() -> None:
    assert not fused.available(CPU)
    assert not fused.available(torch.device("meta"))


@pytest.mark.parametrize("trial", [lambda device: False, lambda device: 1 // 0])
def test_a_pass_that_fails_its_trial_is_not_used(
    trial: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fused, "_trial", trial)
    with pytest.warns(UserWarning, match="not used on cuda:7"):
        assert not fused.available.__wrapped__(torch.device("cuda", 7))


@pytest.mark.gpu
class TestOnAGPU:
    def test_it_is_used(self) -> None:
        assert fused.available(torch.device("cuda", 0))

    def test_noise(self) -> None:
        for start in (0, 2**34 - 3):
            for gaussian, plain in ((True, normal), (False, rademacher)):
                stop = start + (1 << 22) + 5
                device = torch.device("cuda", 0)
                drawn = fused.noise(KEY, gaussian=gaussian, start=start, stop=stop, device=device)
                assert same_bits(drawn.cpu(), plain(words(KEY, start, stop)))
