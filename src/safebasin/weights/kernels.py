"""The passes over a tensor as GPU kernels: what `philox`, `normal`, `direction` and `placing` do.

Each entry is one thread's own affair, and every product, sum, quotient and root is rounded by
itself, as the plain pass rounds it; so the bits are the same. That holds only with
`enable_fp_fusion=False`, which `fused` sets.
"""
# Triton compiles this file: its types are not Python's.
# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202, PLR0913, PLR0917

from __future__ import annotations

import triton
import triton.language as tl

from safebasin.weights import normal as maths
from safebasin.weights import philox as words

_CENTRE_OVER, _CENTRE_UNDER = (tl.constexpr(each) for each in maths.CENTRE)
_MIDDLE_OVER, _MIDDLE_UNDER = (tl.constexpr(each) for each in maths.MIDDLE)
_ARTANH = tl.constexpr(maths.ARTANH)
_LN2, _SQRT_HALF = tl.constexpr(maths.LN2), tl.constexpr(maths.SQRT_HALF)
_ROUNDS = tl.constexpr(words.ROUNDS)
_LEFT, _RIGHT = (tl.constexpr(each) for each in words.MULTIPLIERS)
_WEYL0, _WEYL1 = (tl.constexpr(each) for each in words.WEYL)


@triton.jit
def add_held(start_E, steps, amounts, out_E, count, BLOCK: tl.constexpr):
    """Write start + Σ amount · step, in fp32, the terms in order, rounded once to out's type.

    Args:
        start_E: floating-point entries.
        steps: a tuple of fp32 tensors.
        amounts: a tuple of as many fp32 numbers.
        out_E: where to write; may be `start_E`.
        count: how many entries each has.
        BLOCK: entries to a program.
    """
    first = tl.program_id(0).to(tl.int64) * BLOCK
    place_B = tl.arange(0, BLOCK)
    inside_B = place_B < count - first
    moved_B = tl.load(start_E + first + place_B, inside_B).to(tl.float32)
    for term in tl.static_range(len(steps)):
        step_B = tl.load(steps[term] + first + place_B, inside_B)
        moved_B = moved_B + amounts[term] * step_B
    tl.store(out_E + first + place_B, moved_B.to(out_E.dtype.element_ty), inside_B)


@triton.jit(do_not_specialize=["key", "other_key"])
def add_drawn(
    start_E, out_E, amount, span, key, other_key, scale, units,
    NORMAL: tl.constexpr, BY_UNIT: tl.constexpr, SHARES: tl.constexpr, BY_COLUMN: tl.constexpr,
    FOURS: tl.constexpr,
):  # fmt: skip
    """Write start + amount · direction, as `add_held`, with the direction drawn on the way.

    Args:
        start_E: floating-point entries.
        out_E: where to write; may be `start_E`.
        amount: fp32.
        span: see `_span`; whole rows.
        key: the stream of the noise, both words in one signed number; every tensor has another,
            so the kernel must not be compiled for its value.
        other_key: likewise of the noise that is taken out of it, or None.
        scale: what the noise is multiplied by (fp32), and how much of the other noise is taken out
            (fp64), both of the whole tensor, by unit or one for all.
        units: the tensor's row of the first entry, entries in a row, and height, span and groups of
            `units.Units`.
        NORMAL: whether the noise is Gaussian, or else ±1.
        BY_UNIT: whether each unit has its own factor.
        SHARES: whether each unit has its own share of the other noise.
        BY_COLUMN: whether units divide rows.
        FOURS: Philox counters to a program; each makes four entries.
    """
    counter_F, first, place_B, inside_B = _span(span, FOURS)
    factor_U, share_U = scale
    if BY_UNIT or SHARES:
        unit_B = _unit(first + place_B, units, BY_COLUMN)
    moved_B = tl.load(start_E + first + place_B, inside_B).to(tl.float32)
    step_B = _noise(counter_F, key, NORMAL, FOURS)
    if other_key is not None:
        other_B = _noise(counter_F, other_key, NORMAL, FOURS).to(tl.float64)
        share_B = tl.load(share_U + unit_B, inside_B, 0.0) if SHARES else tl.load(share_U)
        step_B = (step_B.to(tl.float64) - share_B * other_B).to(tl.float32)
    if BY_UNIT:
        step_B = step_B * tl.load(factor_U + unit_B, inside_B, 0.0)
    else:
        step_B = step_B * tl.load(factor_U)
    moved_B = moved_B + amount * step_B
    tl.store(out_E + first + place_B, moved_B.to(out_E.dtype.element_ty), inside_B)


@triton.jit
def _unit(place_B, units, BY_COLUMN: tl.constexpr):
    """The unit of entries that are so many places after the first one of a row."""
    row, width, height, span, groups = units
    unit_B = (row + place_B // width) // height
    if BY_COLUMN:
        unit_B = unit_B * groups + place_B % width // span % groups
    return unit_B


@triton.jit(do_not_specialize=["key"])
def draw(out_E, span, key, NORMAL: tl.constexpr, FOURS: tl.constexpr):
    """Raw noise, fp32; arguments as of `add_drawn`."""
    counter_F, first, place_B, inside_B = _span(span, FOURS)
    tl.store(out_E + first + place_B, _noise(counter_F, key, NORMAL, FOURS), inside_B)


@triton.jit
def _span(span, FOURS: tl.constexpr):
    """A program's counters, its entries as places after a first one, and which of them exist.

    Args:
        span: the counter of the first entry, how many words of that counter come before it (0 to
            3), and how many entries there are.
        FOURS: see `add_drawn`.
    """
    counter, early, count = span
    program = tl.program_id(0).to(tl.int64)
    counter_F = counter + program * FOURS + tl.arange(0, FOURS)
    first = program * (4 * FOURS)
    place_B = tl.arange(0, 4 * FOURS) - early
    return counter_F, first, place_B, (place_B >= -first) & (place_B < count - first)


@triton.jit
def _noise(counter_F, key, NORMAL: tl.constexpr, FOURS: tl.constexpr):
    """Four entries for each counter, in order, as `direction.noise`."""
    w0_F, w1_F, w2_F, w3_F = _philox(counter_F, key)
    if NORMAL:
        z0_F, z1_F, z2_F, z3_F = _normal(w0_F), _normal(w1_F), _normal(w2_F), _normal(w3_F)
    else:
        z0_F, z1_F, z2_F, z3_F = _sign(w0_F), _sign(w1_F), _sign(w2_F), _sign(w3_F)
    pairs_F22 = tl.join(tl.join(z0_F, z2_F), tl.join(z1_F, z3_F))
    return tl.reshape(pairs_F22, [4 * FOURS])


@triton.jit
def _philox(counter_F, key):
    """See `philox.philox`."""
    c0_F, c1_F = counter_F.to(tl.uint32), (counter_F >> 32).to(tl.uint32)
    c2_F, c3_F = c0_F ^ c0_F, c0_F ^ c0_F
    k0, k1 = key.to(tl.uint32), (key >> 32).to(tl.uint32)
    for _ in tl.static_range(_ROUNDS):
        left_F = c0_F.to(tl.uint64) * _LEFT
        right_F = c2_F.to(tl.uint64) * _RIGHT
        c0_F = (right_F >> 32).to(tl.uint32) ^ c1_F ^ k0
        c2_F = (left_F >> 32).to(tl.uint32) ^ c3_F ^ k1
        c1_F, c3_F = right_F.to(tl.uint32), left_F.to(tl.uint32)
        k0 += _WEYL0
        k1 += _WEYL1
    return c0_F, c1_F, c2_F, c3_F


@triton.jit
def _sign(word_F):
    """See `normal.rademacher`."""
    return (word_F >> 31).to(tl.float32) * 2 - 1


@triton.jit
def _normal(word_F):
    """See `normal.normal`. Both regions are computed everywhere and share their last division."""
    p_F = (word_F.to(tl.float64) + 0.5) * 2.3283064365386963e-10
    q_F = p_F - 0.5
    tail_F = tl.abs(q_F) - 0.425 > 0  # a comparison would round the constant itself to fp32
    centre_F = 0.180625 - q_F * q_F
    middle_F = tl.sqrt(-_log(tl.minimum(p_F, 1.0 - p_F))) - 1.6
    over_F = tl.where(
        tail_F, _horner(_MIDDLE_OVER, 7, middle_F), _horner(_CENTRE_OVER, 7, centre_F)
    )
    under_F = tl.where(
        tail_F, _horner(_MIDDLE_UNDER, 7, middle_F), _horner(_CENTRE_UNDER, 7, centre_F)
    )
    ratio_F = over_F / under_F
    tail_value_F = tl.where(q_F < 0, -ratio_F, ratio_F)
    return tl.where(tail_F, tail_value_F, q_F * ratio_F).to(tl.float32)


@triton.jit
def _log(x_F):
    """See `normal._log`."""
    bits_F = x_F.to(tl.int64, bitcast=True)
    mantissa_F = ((bits_F & 0xFFFFFFFFFFFFF) | 0x3FE0000000000000).to(tl.float64, bitcast=True)
    exponent_F = ((bits_F >> 52) - 1022).to(tl.float64)
    small_F = mantissa_F - _SQRT_HALF < 0  # as in `_normal`
    mantissa_F = tl.where(small_F, 2.0 * mantissa_F, mantissa_F)
    exponent_F = tl.where(small_F, exponent_F - 1.0, exponent_F)
    s_F = (mantissa_F - 1.0) / (mantissa_F + 1.0)
    return exponent_F * _LN2 + (2.0 * s_F) * _horner(_ARTANH, 11, s_F * s_F)


@triton.jit
def _horner(coefficients: tl.constexpr, LAST: tl.constexpr, r_F):
    """See `normal._horner`; LAST is the place of the last coefficient."""
    total_F = r_F * coefficients[0]
    for place in tl.static_range(1, LAST):
        total_F = (total_F + coefficients[place]) * r_F
    return total_F + coefficients[LAST]
