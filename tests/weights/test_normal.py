from __future__ import annotations

import hashlib

import numpy as np
import torch
from scipy.special import ndtri
from scipy.stats import kstest

from safebasin.weights.normal import normal, quantile, rademacher
from safebasin.weights.philox import words

LAST = 2**32 - 1
EDGES = torch.tensor([0, 1, 2, LAST // 2, LAST // 2 + 1, LAST - 1, LAST])
GOLDEN = {
    0: "-0x1.95a11a0000000p+2",
    1: "-0x1.8aa6c80000000p+2",
    1 << 20: "-0x1.be596c0000000p+1",
    (1 << 31) - 1: "-0x1.40d9320000000p-32",
    1 << 31: "0x1.40d9320000000p-32",
    3 * 10**9: "0x1.0a465c0000000p-1",
    LAST: "0x1.95a11a0000000p+2",
}
"""One changed bit changes every direction of every run, so it must not go unnoticed."""


def probabilities(words_W: torch.Tensor) -> torch.Tensor:
    return (words_W.double() + 0.5) * 2.0**-32


def some_words(count: int, seed: int = 0) -> torch.Tensor:
    return words((seed, 1), 0, count)


def relative_error(words_W: torch.Tensor) -> float:
    p_W = probabilities(words_W)
    expected = ndtri(p_W.numpy())
    return float(np.max(np.abs(quantile(p_W).numpy() / expected - 1)))


def test_it_is_the_quantile_of_the_normal_distribution() -> None:
    edge = torch.arange(2000)
    # Both branches meet at |p − ½| = 0.425.
    seam = (torch.tensor([0.075, 0.925]).double() * 2**32).long()[:, None] + torch.arange(-500, 500)
    every_power = torch.tensor([1 << power for power in range(32)])
    for words_W in (some_words(1 << 18), edge, LAST - edge, seam.flatten(), every_power):
        assert relative_error(words_W) < 1e-14


def test_golden_bits() -> None:
    found = normal(torch.tensor(list(GOLDEN)))
    assert [value.hex() for value in found.tolist()] == list(GOLDEN.values())


def test_golden_digest_of_many() -> None:
    """Of 2¹⁶ values, about 9,800 from the tails, before they are rounded: in all their bits.

    As numpy computes the same formula, whose square root is rightly rounded on every processor.
    """
    digest = hashlib.sha256(
        quantile(probabilities(some_words(1 << 16))).numpy().tobytes()
    ).hexdigest()
    assert digest[:16] == "55b7ae122d873d7f"


def test_it_is_rounded_once_and_finite() -> None:
    found = normal(EDGES)
    assert found.dtype == torch.float32
    assert torch.equal(found, quantile(probabilities(EDGES)).float())
    assert bool(torch.isfinite(found).all())
    assert 6.3 < float(found.max()) < 6.35


def test_it_is_odd_and_grows() -> None:
    some = some_words(4096)
    assert torch.equal(normal(LAST - some), -normal(some))
    assert bool((normal(some.sort().values).diff() >= 0).all())


def test_no_words() -> None:
    assert normal(torch.empty(0, dtype=torch.long)).shape == (0,)


def test_moments_and_shape_over_seeds() -> None:
    count = 1 << 16
    for seed in range(5):
        drawn = normal(some_words(count, seed)).double().numpy()
        for power, moment, spread in ((1, 0, 1), (2, 1, 2**0.5), (3, 0, 15**0.5), (4, 3, 96**0.5)):
            assert abs((drawn**power).mean() - moment) < 4.5 * spread / count**0.5
        assert kstest(drawn, "norm").pvalue > 1e-4


def test_a_shifted_sample_is_noticed() -> None:
    """The control: the same test sees a shift of a twenty-fifth of a standard deviation."""
    drawn = normal(some_words(1 << 16)).double().numpy() + 0.04
    assert kstest(drawn, "norm").pvalue < 1e-4


class TestRademacher:
    def test_the_top_bit_decides(self) -> None:
        assert rademacher(EDGES).tolist() == [-1, -1, -1, -1, 1, 1, 1]

    def test_it_is_exact_and_balanced(self) -> None:
        drawn = rademacher(some_words(1 << 16))
        assert drawn.dtype == torch.float32
        assert torch.equal(drawn.abs(), torch.ones_like(drawn))
        assert abs(float(drawn.mean())) < 4.5 / 256
