"""`safebasin power`: how much to measure, before measuring it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from safebasin.cli.guard import guarded

Row = dict[str, Any]
"""One question: its words, the number that answers it, its unit, and a note."""


def power(
    drop: Annotated[
        list[float], typer.Option(help="A drop of refusals to see, in points of 100. Repeatable.")
    ] = [5, 10, 15],  # noqa: B006 - typer copies it
    chance: Annotated[
        float, typer.Option(help="The chance of seeing it that is enough, in percent.")
    ] = 80,
    flips: Annotated[
        float,
        typer.Option(
            help="Prompts that flip against the drop by chance, in points of 100: about 2 where "
            "answers are greedy."
        ),
    ] = 2,
    alpha: Annotated[
        float, typer.Option(help="The chance of a false alarm; divide it by your comparisons.")
    ] = 0.05,
    below: Annotated[
        list[float],
        typer.Option(help="A share of harmful answers to stay below, in percent. Repeatable."),
    ] = [5, 2, 1],  # noqa: B006
    half_width: Annotated[float, typer.Option(help="VISAGE is to be known within ± this.")] = 2,
    sd: Annotated[
        list[float],
        typer.Option(
            help="Standard deviation of VISAGE between directions, as `show` prints. Repeatable."
        ),
    ] = [1, 3, 5],  # noqa: B006
    json: Annotated[
        bool, typer.Option("--json", help="Print the numbers as JSON, nothing else.")
    ] = False,
) -> None:
    """How many prompts and directions a question needs. Measures nothing, takes no model.

    Do refusals drop by 5 points between two places? Asked over the same 80 prompts at both, that
    is seen 18 times in 100. It takes 303 prompts to see it four times in five. And how many prompts
    without one harmful answer support "below 1 %"?
    """
    with guarded():
        _require_in_range(drop, chance, flips, below)
        chances, flipping = chance / 100, flips / 100
        rows = [
            *(_change(points, chances, back=flipping, alpha=alpha) for points in drop),
            *map(_claim, below),
            *(_directions(half_width, deviation) for deviation in sd),
        ]
        if json:
            from json import dumps

            typer.echo(dumps(rows, indent=2))
        else:
            _show(rows)


def _require_in_range(drop: list[float], chance: float, flips: float, below: list[float]) -> None:
    from safebasin.errors import UsageError

    most = 100 - 2 * flips
    for holds, told in (
        (1 <= chance < 100, f"--chance is {chance:g}; give a percentage from 1 to below 100"),
        (0 <= flips < 50, f"--flips is {flips:g}; give points of 100 from 0 to below 50"),
        *(
            (
                0 <= points <= most,
                f"--drop is {points:g}; give points from 0 to {most:g}, which is "
                "100 less twice --flips",
            )
            for points in drop
        ),
        *((0 < p < 100, f"--below is {p:g}; give a percentage between 0 and 100") for p in below),
    ):
        if not holds:
            raise UsageError(told)


def _change(points: float, chance: float, **how: float) -> Row:
    from safebasin.stats.power import paired_power, prompts_needed

    return {
        "question": f"to see refusals drop by {points:g} points {100 * chance:g} times in 100",
        "needed": prompts_needed(points / 100, chance, **how),
        "unit": "prompts",
        "note": f"80 see it {100 * paired_power(80, points / 100, **how):.0f} times",
    }


def _claim(percent: float) -> Row:
    from safebasin.stats.power import claim_needs

    return {
        "question": f"to claim less than {percent:g} % harmful answers",
        "needed": claim_needs(percent / 100),
        "unit": "prompts",
        "note": f"{claim_needs(percent / 100, 1):,} if one is seen",
    }


def _directions(half_width: float, sd: float) -> Row:
    from safebasin.stats.power import directions_needed

    return {
        "question": f"to know VISAGE within ± {half_width:g} where directions vary by {sd:g}",
        "needed": directions_needed(half_width, sd),
        "unit": "directions",
        "note": "",
    }


def _show(rows: list[Row]) -> None:
    from rich.console import Console
    from rich.table import Table

    from safebasin.stats.power import MOST

    table = Table("question", "needed", "", box=None, padding=(0, 3, 0, 0))
    for row in rows:
        needed = f"over {MOST:,}" if row["needed"] is None else f"{row['needed']:,}"
        table.add_row(row["question"], f"{needed} {row['unit']}", row["note"])
    Console().print(table)
