"""`safebasin power`: how much to measure, before measuring it."""

from __future__ import annotations

from typing import Annotated

import typer

from safebasin.cli.guard import guarded


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
        from safebasin.stats import power as exact

        how = {"back": flips / 100, "alpha": alpha}
        rows = [
            (
                f"to see refusals drop by {points:g} points {chance:g} times in 100",
                exact.prompts_needed(points / 100, chance / 100, **how),
                "prompts",
                f"80 see it {100 * exact.paired_power(80, points / 100, **how):.0f} times",
            )
            for points in drop
        ]
        rows += [
            (
                f"to claim less than {share:g} % harmful answers",
                exact.claim_needs(share / 100),
                "prompts",
                f"{exact.claim_needs(share / 100, 1):,} if one is seen",
            )
            for share in below
        ]
        rows += [
            (
                f"to know VISAGE within ± {half_width:g} where directions vary by {deviation:g}",
                exact.directions_needed(half_width, deviation),
                "directions",
                "",
            )
            for deviation in sd
        ]
        if json:
            from json import dumps

            keys = ("question", "needed", "unit", "note")
            typer.echo(dumps([dict(zip(keys, row, strict=True)) for row in rows], indent=2))
            return
        from rich.console import Console
        from rich.table import Table

        table = Table("question", "needed", "", box=None, padding=(0, 3, 0, 0))
        for question, needed, unit, note in rows:
            many = f"over {exact.MOST:,}" if needed is None else f"{needed:,}"
            table.add_row(question, f"{many} {unit}", note)
        Console().print(table)
