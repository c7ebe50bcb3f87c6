"""The edges of an adaptive scan for the terminal, each with its interval as a bar."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from safebasin.report import searches
from safebasin.report.facts.searches import partial, search_rows
from safebasin.report.formatting import count
from safebasin.report.searches import EDGES
from safebasin.report.untrusted import for_terminal
from safebasin.summary import EdgesSummary, Kind

_COLUMNS = 20
_DIRECTIONS = 10
_COLOUR: dict[Kind, str] = {"harmful": "blue", "benign": "green"}
_BAR: dict[Kind, str] = {"harmful": "─", "benign": "┄"}
_MARK: dict[Kind, str] = {"harmful": "●", "benign": "◆"}
_BEYOND = "▸"


def title(summary: EdgesSummary) -> str:
    """What was searched: "organism:chat, edges of 3 directions, 12 searches"."""
    directions = count(len(searches.directions(summary)), "directions")
    word = partial(summary)
    return (
        f"{summary.model.name}, edges of {directions} within ±{summary.reach:g}, "
        f"{count(len(summary.searches), 'searches')}" + (f" ({word})" if word else "")
    )


def chart(summary: EdgesSummary) -> Group:
    """A row for each search with a bar from 0 to the range's end, then the means."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    start, end = map(searches.ruler(summary).coordinate, (0.0, summary.reach))
    for name, right in (("", False), ("", False), ("edge", True), ("95 % interval", False)):
        table.add_column(name, no_wrap=True, justify="right" if right else "left")
    table.add_column(f"{start}{end:>{_COLUMNS - len(start)}}", no_wrap=True)
    table.add_column("resp.", justify="right", no_wrap=True)
    for cells in [*_searches(summary), *_means(summary)]:
        table.add_row(*cells)
    parts: list[RenderableType] = [table]
    hidden = len(searches.directions(summary)) - _DIRECTIONS
    if hidden > 0:
        parts.append(Text(f"{count(hidden, 'more directions')}: see the page", style="dim"))
    label = f"bars: distance from the origin; {for_terminal(summary.axis_label)}"
    return Group(*parts, Text(label, style="dim", overflow="fold"))


def _searches(summary: EdgesSummary) -> Iterator[list[Text]]:
    names, bars = searches.rows(summary), _bars(summary)
    shown = {one.index for one in searches.directions(summary)[:_DIRECTIONS]}
    for search, cells in zip(searches.in_order(summary), search_rows(summary), strict=True):
        if search.direction in shown:
            _, _, kind, value, interval, responses, _ = cells
            bar = bars.get((names.index(searches.name(search)), search.kind), Text())
            words = f"{search.direction} {search.side}", kind, value, interval
            yield [*map(Text, words), bar, Text(responses)]


def _means(summary: EdgesSummary) -> Iterator[list[Text]]:
    row, bars = len(searches.rows(summary)) - 1, _bars(summary)
    for kind in EDGES:
        found = searches.written_mean(summary, kind)
        words = "mean", EDGES[kind].removesuffix(" edge"), found.value, found.interval
        yield [*map(Text, words), bars.get((row, kind), Text()), Text()]


def _bars(summary: EdgesSummary) -> dict[tuple[int, Kind], Text]:
    """Every interval with its edge, by row and kind."""

    def column(radius: float) -> int:
        return min(int(radius / summary.reach * _COLUMNS), _COLUMNS - 1)

    found = {}
    for one in searches.drawn(summary):
        start, end, place = column(one.low), column(one.high), column(one.radius)
        line = [_BAR[one.kind] if start <= c <= end else " " for c in range(_COLUMNS)]
        line[place] = _BEYOND if one.beyond else _MARK[one.kind]
        found[one.row, one.kind] = Text("".join(line), style=_COLOUR[one.kind])
    return found
