"""A progress bar with the time that is left and the latest result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from safebasin.report.untrusted import for_terminal

Advance = Callable[[int, int, str], None]
"""Called with what is done, what there is in all, and a line about the latest result."""


@contextmanager
def bar(title: str, unit: str, *, shown: bool = True) -> Iterator[Advance]:
    """Show progress on standard error while the block runs.

    On a terminal it is a bar with the latest result below it; elsewhere it is a plain line whenever
    another tenth is done.

    Args:
        title: what is going on.
        unit: what is counted.
        shown: if false, nothing is written at all.
    """
    console = Console(stderr=True, quiet=not shown)
    if not console.is_terminal:
        yield _plain(console, title, unit)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    progress = Progress(*columns, console=console)
    latest = Text(style="dim", no_wrap=True, overflow="ellipsis")
    with Live(Group(progress, latest), console=console):
        task = progress.add_task(title, total=None)

        def advance(done: int, total: int, note: str) -> None:
            progress.update(task, completed=done, total=total)
            if note:
                latest.plain = for_terminal(note)

        yield advance


def _plain(console: Console, title: str, unit: str) -> Advance:
    tenths = -1

    def advance(done: int, total: int, note: str) -> None:
        nonlocal tenths
        if note and 10 * done // max(total, 1) > tenths:
            tenths = 10 * done // max(total, 1)
            line = f"{title}: {done} of {total} {unit}; {note}"
            console.print(Text(for_terminal(line)), soft_wrap=True)

    return advance
