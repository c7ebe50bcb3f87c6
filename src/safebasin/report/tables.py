"""A run in the terminal, as plain text, and as Markdown."""

from __future__ import annotations

import io

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from safebasin.report import bands, facts, formatting
from safebasin.report.untrusted import for_terminal
from safebasin.summary import Curve, ScanSummary

_WIDTH = 80
_COLUMNS = 60
_LEVELS = " ▁▂▃▄▅▆▇█"
_ROWS = 2  # of a bar chart: sixteen levels
_UNKNOWN = "·"

_CURVES = (
    ("harmful", "refused", "blue"),
    ("harmful", "complied", "red"),
    ("harmful", "incoherent", "bright_black"),
    ("benign", "complied", "green"),
)


def terminal(summary: ScanSummary) -> RenderableType:
    """The result for a terminal of 80 columns or more; it reads well without colour.

    Names and sentences lose their control sequences, and are never read as markup.
    """
    sentences = summary.sentences
    parts: list[RenderableType] = [Text(for_terminal(sentences.headline), style="bold"), ""]
    parts += [Text(for_terminal(text), style="yellow") for text in facts.warnings(summary)]
    numbers = facts.numbers(summary)
    parts.append(_numbers(numbers))
    parts += [
        Text(f"{name}: {written.note}", style="dim") for name, written in numbers if written.note
    ]
    parts += ["", _chart(summary), ""]
    parts.append(Text(for_terminal(sentences.edges)))
    for caveat in (*sentences.caveats, *summary.notes):
        parts.append(_item(for_terminal(caveat)))
    return Group(*parts)


def text(summary: ScanSummary) -> str:
    """The same as plain text, 80 columns wide."""
    plain = io.StringIO()
    console = Console(file=plain, width=_WIDTH, color_system=None, legacy_windows=False)
    console.print(terminal(summary), highlight=False)
    return "\n".join(line.rstrip() for line in plain.getvalue().splitlines()) + "\n"


def markdown(summary: ScanSummary) -> str:
    """The numbers as a Markdown table, for a README or a paper."""
    rows = ["| quantity | value | 95 % interval | from |", "| :-- | --: | :-- | :-- |"]
    for name, written in facts.numbers(summary):
        from_ = "; ".join(part for part in (written.basis, written.note) if part)
        rows.append(f"| {name} | {written.value} | {written.interval or '–'} | {from_ or '–'} |")
    title = _markdown_text(f"{summary.model.name}, {_scanned(summary)}")
    return "\n".join([*rows, "", title]) + "\n"


def _numbers(numbers: list[tuple[str, formatting.Written]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("", no_wrap=True)
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("95 % interval", no_wrap=True)
    table.add_column("", style="dim", no_wrap=True)
    for name, written in numbers:
        table.add_row(*map(Text, (name, written.value, written.interval, written.basis)))
    return table


def _chart(summary: ScanSummary) -> Group:
    """Bars of each share over α, all on one axis, from 0 to 100 %."""
    by_kind = {str(kind): curves for kind, curves in summary.curves.items()}
    lines: list[RenderableType] = []
    columns = min(_COLUMNS, max(1, _COLUMNS // len(summary.axis_P)) * len(summary.axis_P))
    for kind, name, colour in _CURVES:
        if kind not in by_kind:
            continue
        upper, lower = bars(getattr(by_kind[kind], name), columns)
        title = f"{name} (benign)" if kind == "benign" else name
        lines.append(Text.assemble(" " * 18, (upper, colour)))
        lines.append(Text.assemble(f"{title:<18}", (lower, colour)))
    ruler = formatting.Ruler.of(summary.axis_P)
    lines.append(Text(" " * 18 + _axis([ruler.coordinate(x) for x in summary.axis_P], columns)))
    lines.append(Text(" " * 18 + for_terminal(summary.axis_label), style="dim", overflow="fold"))
    return Group(*lines)


def bars(curve: Curve, columns: int) -> tuple[str, str]:
    """Two lines of block characters. With more points than columns, a column is a mean."""
    mean_P = bands.array(curve.mean_P)
    share_C = _binned(mean_P, columns)
    lines = ["", ""]
    for share in share_C:
        height = 0 if np.isnan(share) else round(share * 8 * _ROWS)
        height = max(height, 1) if share > 0 else height
        lines[0] += _LEVELS[max(0, height - 8)]
        lines[1] += _UNKNOWN if np.isnan(share) else _LEVELS[min(8, height)]
    return lines[0], lines[1]


def _binned(mean_P: bands.Floats, columns: int) -> bands.Floats:
    if mean_P.size <= columns:
        return mean_P[np.arange(columns) * mean_P.size // columns]
    parts = (part[np.isfinite(part)] for part in np.array_split(mean_P, columns))
    return np.array([part.mean() if part.size else np.nan for part in parts])


def _axis(coordinates: list[str], columns: int) -> str:
    """The first, middle and last coordinates under their columns."""
    first, last = coordinates[0], coordinates[-1]
    if columns < 24:
        return f"{first} … {last}"
    middle = coordinates[len(coordinates) // 2].center(columns - len(first) - len(last))
    return f"{first}{middle}{last}"


def _item(sentence: str) -> Table:
    item = Table.grid(padding=(0, 1, 0, 0))
    item.add_row(Text("-"), Text(sentence))
    return item


def _scanned(summary: ScanSummary) -> str:
    directions = formatting.count(len(summary.directions), "directions")
    partial = formatting.partial(summary)
    points = formatting.count(len(summary.axis_P), "points")
    return f"{directions} of {points}" + (f" ({partial})" if partial else "")


def _markdown_text(name: str) -> str:
    plain = for_terminal(name)
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>()#+!|&~$" else c for c in plain)
