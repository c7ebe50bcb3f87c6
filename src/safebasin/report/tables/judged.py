"""What each judge says, where judges differ and how far to trust them, for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from safebasin.report import judges
from safebasin.report.facts.judged import (
    HEADS,
    KINDS,
    Agreed,
    Graded,
    cautions,
    graded,
    of_calibration,
    one_kind,
    said,
    with_first,
)
from safebasin.report.formatting import count
from safebasin.report.untrusted import for_terminal
from safebasin.summary import Calibration, Kind, Summary

_JUDGE = 16  # columns of its name; longer ones go on in a line below


def section(summary: Summary) -> list[RenderableType]:
    """Tables of at most 80 columns; nothing where a summary holds no more than one judge's word."""
    pairs, found = with_first(summary), graded(summary)
    parts: list[RenderableType] = []
    for kind in KINDS:
        parts += _rates(summary, kind)
    parts += [*_agreement(pairs), *_more(len(summary.agreement) - len(pairs))]
    parts += [*(part for one in found for part in _graded(one))]
    if not parts:
        return []
    words = [Text(text, style="yellow") for text in cautions(summary)]
    words += [Text(text) for text in (one_kind(summary),) if text]
    return [Text("Judges", style="bold"), *parts, *words, *[""] * bool(words)]


def calibration(found: Calibration) -> RenderableType:
    """One judge against people, by itself."""
    return Group(*_graded(of_calibration(found)))


def _rates(summary: Summary, kind: Kind) -> list[RenderableType]:
    rows = said(summary, kind)
    if not rows:
        return []
    basis = f"at the origin, {judges.basis(summary, kind)}; brackets: 95 % intervals"
    table = _table(basis, ("judge", *HEADS[kind], "prompts"))
    for row in rows:
        failed = f"{row.failed} failed" if row.failed != "0" else ""
        table.add_row(
            _two(row.judge, row.family),
            *(_two(one.value, one.interval) for one in row.shares),
            _two(row.n, failed),
        )
    by_note: dict[str, list[str]] = {}
    for row in rows:
        by_note.setdefault(row.note, []).append(row.judge)
    return [table, *_notes((", ".join(names), note) for note, names in by_note.items()), ""]


def _more(pairs: int) -> list[RenderableType]:
    """Where the pairs are that are not shown here."""
    if pairs <= 0:
        return []
    return [Text(f"{count(pairs, 'more pairs')} of judges: see the page", style="dim"), ""]


def _agreement(pairs: Sequence[Agreed]) -> list[RenderableType]:
    if not pairs:
        return []
    heads = ("judges", "agree", "κ", "κ of complied", "n", "differ most at")
    table = _table("the same responses, both judges; brackets: 95 % intervals", heads)
    table.columns[-1].no_wrap, table.columns[-1].justify = False, "left"
    for pair in pairs:
        place, share = pair.differ[0] if pair.differ else ("", "")
        table.add_row(
            _two(pair.first, pair.second),
            *(_two(one.value, one.interval) for one in (pair.agree, pair.kappa, pair.complied)),
            _two(pair.n, pair.prompts),
            Text("\n".join(part for part in (for_terminal(place), str(share)) if part)),
        )
    undefined = (
        (f"{pair.pair}, {pair.prompts}", f"κ undefined: {pair.kappa.note}")
        for pair in pairs
        if pair.kappa.note
    )
    return [table, *_notes(undefined), ""]


def _graded(one: Graded) -> list[RenderableType]:
    title = f"{one.judge} against people: {one.source}; positive: complied"
    table = _table(title, ("texts", "n", "sensitivity", "specificity", "informedness"))
    for name, n, failed, sensitivity, specificity, informedness in one.strata:
        more = f"{failed} failed" if failed != "0" else ""
        cells = (_two(str(share), share.basis) for share in (sensitivity, specificity))
        table.add_row(Text(for_terminal(name)), _two(n, more), *cells, Text(informedness))
    if not one.corrected:
        return [table, ""]
    heads = ("place", "raw", "corrected", "by")
    rates = _table(f"complied by {one.judge}, raw and corrected", heads)
    rates.columns[0].no_wrap = rates.columns[-1].no_wrap = False
    rates.columns[-1].justify = "left"
    for place, method, raw, corrected, reason in one.corrected:
        words = f"{method}: {reason}" if reason else method
        both = (_two(str(share), share.basis) for share in (raw, corrected))
        rates.add_row(Text(for_terminal(place)), *both, Text(for_terminal(words)))
    return [table, "", rates, ""]


def _table(title: str, heads: Sequence[str]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), title=Text(for_terminal(title)))
    table.title_justify, table.title_style, table.header_style = "left", "dim", "dim"
    table.add_column(heads[0], max_width=_JUDGE, overflow="fold")
    for head in heads[1:]:
        table.add_column(head, justify="right", no_wrap=True)
    return table


def _two(first: str, second: str) -> Text:
    """A value and, in a line below it, what it goes with."""
    return Text.assemble(for_terminal(first), ("\n" + for_terminal(second), "dim"))


def _notes(notes: Iterable[tuple[str, str]]) -> list[Text]:
    return [Text(for_terminal(f"{name}: {note}"), style="dim") for name, note in notes if note]
