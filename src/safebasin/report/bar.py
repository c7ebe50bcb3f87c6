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

Advance = Callable[[int, int | None, str], None]
"""Called with what is done, what there is in all if that is known, and the latest result."""


@contextmanager
def bar(title: str, unit: str, *, shown: bool = True) -> Iterator[Advance]:
    """Show progress on standard error while the block runs.

    On a terminal it is a bar with the latest result below it; elsewhere it is a plain line whenever
    another tenth is done, or where the total is not known, a quarter more than before.

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

        def advance(done: int, total: int | None, note: str) -> None:
            progress.update(task, completed=done, total=total)
            if note:
                latest.plain = for_terminal(note)

        yield advance


def _plain(console: Console, title: str, unit: str) -> Advance:
    wanted = 0.0

    def advance(done: int, total: int | None, note: str) -> None:
        nonlocal wanted
        if note and done >= wanted:
            if total is None:
                wanted, reached = 1.25 * done, f"{done}"
            else:
                wanted, reached = (
                    (10 * done // max(total, 1) + 1) * total / 10,
                    f"{done} of {total}",
                )
            line = f"{title}: {reached} {unit}; {note}"
            console.print(Text(for_terminal(line)), soft_wrap=True)

    return advance
