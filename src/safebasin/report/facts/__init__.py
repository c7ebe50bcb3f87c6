"""The key numbers and the provenance of any study, in words.

The page and the tables in the terminal are both made from these.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

from safebasin.report.facts import comparison, line, plane, scan, searches
from safebasin.report.facts.common import Card, Numbers, Rows, Sections
from safebasin.report.wording import in_words
from safebasin.summary import (
    AnySummary,
    ComparisonSummary,
    EdgesSummary,
    LineSummary,
    PlaneSummary,
    ScanSummary,
)

__all__ = ["Card", "Numbers", "Rows", "Sections", "cards", "numbers", "provenance", "warnings"]


class Study(Protocol):
    """What there is to say of a study; each of its modules has these."""

    def cards(self, summary: Any, /) -> list[Card]:
        """See `facts.cards`."""

    def numbers(self, summary: Any, /) -> Numbers:
        """See `facts.numbers`."""

    def warnings(self, summary: Any, /) -> list[str]:
        """See `facts.warnings`."""

    def provenance(self, summary: Any, /) -> Sections:
        """See `facts.provenance`."""


_STUDIES: dict[type, Study] = {
    ScanSummary: scan,
    PlaneSummary: plane,
    LineSummary: line,
    EdgesSummary: searches,
    ComparisonSummary: comparison,
}


def cards(summary: AnySummary) -> list[Card]:
    """The few numbers that a reader needs first."""
    found = _STUDIES[type(summary)].cards(summary)
    return [
        replace(card, title=in_words(summary, card.title), meaning=in_words(summary, card.meaning))
        for card in found
    ]


def numbers(summary: AnySummary) -> Numbers:
    """Every number with an interval: the cards', and those kept for comparison."""
    found = _STUDIES[type(summary)].numbers(summary)
    return [(in_words(summary, name), written) for name, written in found]


def warnings(summary: AnySummary) -> list[str]:
    """What has no answer, in words; empty for a whole run."""
    return _STUDIES[type(summary)].warnings(summary)


def provenance(summary: AnySummary) -> Sections:
    """Everything that is needed to take the numbers again, section by section."""
    return _STUDIES[type(summary)].provenance(summary)
