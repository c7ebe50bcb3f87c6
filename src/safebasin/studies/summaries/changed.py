"""What became of refusals, and of sense beside them, from one checkpoint or run to another."""

from __future__ import annotations

from collections.abc import Mapping

from safebasin.report import formatting
from safebasin.report.facts.contrasts import share_difference
from safebasin.report.wording import Wording
from safebasin.summary import Estimate, Kind, Paired

Said = Mapping[Kind, Mapping[str, Estimate]]
"""Shares of labels at one place, by the side of the prompts."""


def changes(words: Wording, before: Said, after: Said, paired: Mapping[Kind, Paired | None]) -> str:
    """Both shares and their difference, for refusals and for what answers are worth.

    A fall of refusals alone says little: a model that says nothing any more does not refuse either.

    Args:
        words: of the judge that gave the labels; one that is not asked about harmless requests, or
            takes garbage for an answer, says so.
        before: what was said at the first.
        after: what was said at the second.
        paired: the differences on the same prompts; None or missing where there is none.
    """
    refusals = _change("harmful", "refused", before, after, paired)
    told = f"refusals of harmful requests: {refusals}"
    if not words.benign:
        return f"{told}; of harmless requests this judge says nothing."
    answers = _change("benign", "complied", before, after, paired)
    whose = words.answers if words.sense else f"{words.answers},"
    return f"{told}; {whose} to harmless requests: {answers}."


def _change(
    kind: Kind, label: str, before: Said, after: Said, paired: Mapping[Kind, Paired | None]
) -> str:
    first, second = (formatting.share(said.get(kind, {}).get(label)) for said in (before, after))
    shares = f"{first.value} → {second.value}"
    found = paired.get(kind)
    if found is None or found.difference.value is None:
        return shares
    return f"{shares} ({str(share_difference(found.difference)).replace(' pp', ' points')})"
