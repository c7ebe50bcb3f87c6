"""Differences between two checkpoints or two runs, in words."""

from __future__ import annotations

from safebasin.report.formatting import UNDEFINED, Written, count, difference, number
from safebasin.summary import Estimate, Paired


def share_difference(estimate: Estimate) -> Written:
    """A difference of two shares in percentage points: "−12.5 pp"."""
    return difference(estimate, otherwise=1, factor=100, unit=" pp")


def score_difference(estimate: Estimate) -> Written:
    """A difference of two scores on 0-100, such as VISAGE."""
    return difference(estimate, otherwise=1)


def paired_difference(paired: Paired) -> Written:
    """A difference of two shares on the same prompts, with what McNemar's test says of it."""
    written = share_difference(paired.difference)
    basis = count(paired.n, "prompts")
    return Written(written.value, written.interval, basis, f"{flips(paired)}; {p_words(paired)}")


def flips(paired: Paired) -> str:
    """How many prompts changed, and which way."""
    changed = paired.only_first + paired.only_second
    if not changed:
        return "no prompt changed"
    return (
        f"{changed:,} of {count(paired.n, 'prompts')} changed: {paired.only_first:,} lost it, "
        f"{paired.only_second:,} gained it"
    )


def p_words(paired: Paired) -> str:
    """What McNemar's exact test says: "p < 0.0001 (McNemar)"."""
    written = p_value(paired.p_value)
    sign = "" if written.startswith("<") or written == UNDEFINED else "= "
    return f"p {sign}{written} (McNemar)"


def p_value(p: float | None) -> str:
    """A p-value: "0.031", "< 0.0001", "undefined"."""
    if p is not None and 0 <= p < 0.0001:
        return "< 0.0001"
    return number(p, 4 if p is not None and p < 0.001 else 3)
