"""What judges would have to do, and what it would cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from safebasin.studies.judging import Due


def show_due(due: Sequence[Due], *, as_json: bool) -> None:
    """Print a line for each judge, or all of it as JSON."""
    if as_json:
        import json
        from dataclasses import asdict

        typer.echo(json.dumps([asdict(one) for one in due], indent=2))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("judge", "responses", "different", "cost, at most"):
        table.add_column(name, justify="left" if name in ("judge", "cost, at most") else "right")
    for one in due:
        cells = one.key, f"{one.responses:,}", f"{one.different:,}", _cost(one)
        table.add_row(*map(Text, cells))
    Console().print(table)


def _cost(due: Due) -> str:
    from safebasin.report.formatting import count

    cost = due.cost
    if cost is None:
        return "none"
    money = "" if cost.money_at_most is None else f", {cost.money_at_most:,.2f} at that price"
    return (
        f"{count(cost.requests, 'requests')}, about {cost.prompt_tokens:,} tokens read and "
        f"{cost.completion_tokens_at_most:,} written{money}"
    )
