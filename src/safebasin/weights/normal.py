"""Standard normal numbers from random words, by operations that are exact on every machine.

The inverse of the normal distribution function needs a logarithm in its tails, and logarithms
differ in their last bit from library to library. So the logarithm here is made of + − × ÷ and
exact bit surgery alone: IEEE 754 fixes the result of each, hence of all.

Source: Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied
Statistics 37 (1988), routine PPND16 (relative accuracy about 1e-16).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

# Numerators and denominators of the three rational approximations, highest power first.
CENTRE = (
    (
        2.5090809287301226727e3,
        3.3430575583588128105e4,
        6.7265770927008700853e4,
        4.5921953931549871457e4,
        1.3731693765509461125e4,
        1.9715909503065514427e3,
        1.3314166789178437745e2,
        3.3871328727963666080e0,
    ),
    (
        5.2264952788528545610e3,
        2.8729085735721942674e4,
        3.9307895800092710610e4,
        2.1213794301586595867e4,
        5.3941960214247511077e3,
        6.8718700749205790830e2,
        4.2313330701600911252e1,
        1.0,
    ),
)
MIDDLE = (
    (
        7.74545014278341407640e-4,
        2.27238449892691845833e-2,
        2.41780725177450611770e-1,
        1.27045825245236838258e0,
        3.64784832476320460504e0,
        5.76949722146069140550e0,
        4.63033784615654529590e0,
        1.42343711074968357734e0,
    ),
    (
        1.05075007164441684324e-9,
        5.47593808499534494600e-4,
        1.51986665636164571966e-2,
        1.48103976427480074590e-1,
        6.89767334985100004550e-1,
        1.67638483018380384940e0,
        2.05319162663775882187e0,
        1.0,
    ),
)
LN2 = 0.6931471805599453
SQRT_HALF = 0.7071067811865476
ARTANH = tuple(1.0 / (2 * k + 1) for k in reversed(range(12)))
"""The series of artanh(s) / s in powers of s², highest first; enough for s² below 0.03."""


def normal(words_W: Tensor) -> Tensor:
    """The standard normal quantile of (word + ½) / 2³² for each word.

    Args:
        words_W: int64 in [0, 2³²).

    Returns:
        fp32 in ±6.34; computed in fp64 and rounded once.
    """
    return quantile(words_W.double().add_(0.5).mul_(2.0**-32)).float()


def rademacher(words_W: Tensor) -> Tensor:
    """+1 or −1, as fp32, by the top bit of each word."""
    return (words_W >> 31).float().mul_(2).sub_(1)


def quantile(p_W: Tensor) -> Tensor:
    """Φ⁻¹(p) in fp64 for 2⁻³⁴ < p < 1 − 2⁻³⁴, where AS 241 needs only its two inner regions."""
    q_W = p_W - 0.5
    z_W = _rational(CENTRE, torch.mul(q_W, q_W).neg_().add_(0.180625)).mul_(q_W)
    tail_T = (q_W.abs() > 0.425).nonzero().squeeze(1)
    p_T = p_W[tail_T]
    r_T = _sqrt(_log(torch.minimum(p_T, 1.0 - p_T)).neg_())
    z_W[tail_T] = torch.copysign(_rational(MIDDLE, r_T.sub_(1.6)), q_W[tail_T])
    return z_W


def _sqrt(x_W: Tensor) -> Tensor:
    """The square root, rightly rounded; on some processors torch's own for CPUs is not."""
    if x_W.device.type == "cpu":
        return torch.from_numpy(np.sqrt(x_W.numpy()))
    return x_W.sqrt_()


def _rational(coefficients: tuple[tuple[float, ...], tuple[float, ...]], r_W: Tensor) -> Tensor:
    numerator, denominator = coefficients
    return _horner(numerator, r_W).div_(_horner(denominator, r_W))


def _horner(coefficients: tuple[float, ...], r_W: Tensor) -> Tensor:
    """A polynomial, each product and each sum rounded by itself: no fused multiply-add."""
    total_W = r_W * coefficients[0]
    for coefficient in coefficients[1:-1]:
        total_W.add_(coefficient).mul_(r_W)
    return total_W.add_(coefficients[-1])


def _log(x_W: Tensor) -> Tensor:
    """The natural logarithm: exponent · ln 2 + 2 artanh((m − 1) / (m + 1)), m in [√½, √2)."""
    mantissa_W, exponent_W = torch.frexp(x_W)
    small_W = (mantissa_W < SQRT_HALF).double()
    mantissa_W.add_(small_W.mul(mantissa_W))
    s_W = (mantissa_W - 1.0).div_(mantissa_W.add_(1.0))
    series_W = _horner(ARTANH, s_W * s_W)
    return exponent_W.double().sub_(small_W).mul_(LN2).add_(s_W.mul_(2.0).mul_(series_W))
