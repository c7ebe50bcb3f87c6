"""A result as a notebook and a prompt of Python show it: a small table, and a few lines.

Names and sentences come from outside, so they are made visible, then escaped.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from safebasin.report.formatting import count
from safebasin.report.untrusted import one_line
from safebasin.summary import AnySummary, ComparisonSummary

if TYPE_CHECKING:
    from safebasin.report.formatting import Written

_LONGEST = 600
_LINES = 10

_SHARES = (
    "refused, harmful",
    "complied, harmful",
    "over-refusal, benign",
    "coherent, benign",
    "VISAGE",
    "safety edge",
    "capability edge",
)
"""What is told of each run of a comparison, in the order of `facts.comparison.run_rows`."""

Row = Sequence[str]


def html(summary: AnySummary) -> str:
    """The numbers with their intervals as a table, between the headline and whose labels they are.

    It has no scripts, no style sheet and no addresses.
    """
    from safebasin.report import facts, judges

    heads, rows = _compared(summary) if isinstance(summary, ComparisonSummary) else _rows(summary)
    warnings = "".join(f"<p>{_text(one)}</p>" for one in facts.warnings(summary))
    return (
        f"<div><p><strong>{_text(summary.sentences.headline)}</strong></p>{warnings}"
        f"{_table(heads, rows)}<p>{_text(summary.sentences.edges)}</p>"
        f"<p><small>{_text(judges.caption(summary))}</small></p></div>"
    )


def brief(kind: str, summary: AnySummary, where: str) -> str:
    """At most ten lines: what it is, how far it is, its headline and its key numbers.

    Args:
        kind: what the result is called.
        summary: of any study.
        where: its folder.
    """
    from safebasin.report import facts

    cards = [(one_line(card.title, 40), str(card.written)) for card in facts.cards(summary)][:7]
    width = max((len(title) for title, _ in cards), default=0)
    headline = one_line(summary.sentences.headline, _LONGEST)
    said = textwrap.wrap(headline, 100, max_lines=_LINES - 1 - len(cards), placeholder=" …")
    return "\n".join(
        [
            f"<{kind} of {_of(summary)}; {one_line(where, 200)}>",
            *said,
            *(f"  {title:<{width}}  {written}" for title, written in cards),
        ]
    )


def _of(summary: AnySummary) -> str:
    if isinstance(summary, ComparisonSummary):
        return f"{count(len(summary.runs), 'runs')}, held against {_name(summary.runs[0].name)}"
    status = summary.status
    points = f"{status.points_done:,} of {count(status.points_planned, 'points')}"
    return f"{_name(summary.model.name)}, {points}"


def _name(text: str) -> str:
    return one_line(text, 80)


def _rows(summary: AnySummary) -> tuple[Row, list[Row]]:
    from safebasin.report import facts

    heads = ("quantity", "value", "95 % interval", "from", "labels by")
    return heads, [(name, *_cells(written)) for name, written in facts.numbers(summary)]


def _cells(written: Written) -> Row:
    more = "; ".join(part for part in (written.basis, written.note) if part)
    return written.value, written.interval, more, written.judge


def _compared(summary: ComparisonSummary) -> tuple[Row, list[Row]]:
    from safebasin.report.facts.comparison import run_rows
    from safebasin.report.wording import in_words

    heads = ("run", *(in_words(summary, head) for head in _SHARES))
    return heads, [(name, *map(str, written)) for name, written in run_rows(summary)]


def _table(heads: Row, rows: Iterable[Row]) -> str:
    head = "".join(f"<th>{_text(one)}</th>" for one in heads)
    body = "".join(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _text(text: str) -> str:
    return escape(one_line(text, _LONGEST))
