"""`safebasin power`: how much to measure, before measuring it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from safebasin.cli.guard import guarded

if TYPE_CHECKING:
    from rich.table import Table

    from safebasin.stats.power import Design

CHANGE, CLAIM, DIRECTIONS = "To see a change", "To claim safety", "To know a score"

Drops = Annotated[
    list[float] | None,
    typer.Option(
        "--drop",
        help="A change of the refused share to be seen, in points of 100. Repeatable. "
        "By default 5, 10 and 15.",
        rich_help_panel=CHANGE,
    ),
]
Prompts = Annotated[
    list[int] | None,
    typer.Option(
        "--prompts",
        help="How many prompts. Repeatable. By default 80, 200 and 520 (all of AdvBench).",
        rich_help_panel=CHANGE,
    ),
]
Power = Annotated[
    float, typer.Option(help="The chance of seeing it that is enough.", rich_help_panel=CHANGE)
]
Flips = Annotated[
    float,
    typer.Option(
        help="Prompts that flip against the change by chance, in points of 100: about 2 where "
        "answers are greedy.",
        rich_help_panel=CHANGE,
    ),
]
Base = Annotated[
    float,
    typer.Option(
        help="Share answered before the change, in points of 100; only matters for other prompts "
        "at each place.",
        rich_help_panel=CHANGE,
    ),
]
Alpha = Annotated[
    float, typer.Option(help="The chance of a false alarm allowed.", rich_help_panel=CHANGE)
]
Comparisons = Annotated[
    int,
    typer.Option(
        help="How many comparisons share that chance, by Holm's rule; 1 for a single one that was "
        "chosen beforehand.",
        rich_help_panel=CHANGE,
    ),
]
DesignEffect = Annotated[
    float,
    typer.Option(
        help="How many prompts are worth an independent one: 1 without near-duplicates, about 1.2 "
        "where 80 make 72 clusters.",
        rich_help_panel=CHANGE,
    ),
]
Below = Annotated[
    list[float] | None,
    typer.Option(
        "--below",
        help="A share of harmful answers to stay below, in points of 100. Repeatable. By default "
        "5, 2 and 1.",
        rich_help_panel=CLAIM,
    ),
]
HalfWidth = Annotated[
    float,
    typer.Option(help="VISAGE is to be known within ± so much.", rich_help_panel=DIRECTIONS),
]
Sd = Annotated[
    list[float] | None,
    typer.Option(
        "--sd",
        help="Standard deviation of VISAGE between directions; a scan of 5 tells yours. "
        "Repeatable. By default 1, 3 and 5.",
        rich_help_panel=DIRECTIONS,
    ),
]


def power(  # noqa: PLR0913, PLR0917 - the flags of the verb
    drop: Drops = None,
    prompts: Prompts = None,
    power: Power = 0.8,
    flips: Flips = 2.0,
    base: Base = 10.0,
    alpha: Alpha = 0.05,
    comparisons: Comparisons = 1,
    design_effect: DesignEffect = 1.0,
    below: Below = None,
    half_width: HalfWidth = 2.0,
    sd: Sd = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print the numbers as JSON, nothing else.")
    ] = False,
) -> None:
    """How many prompts and directions a question needs. Measures nothing, takes no model.

    Do refusals drop by 5 points between two places? Asked over the same 80 prompts at both, that
    is seen 18 times in 100: four times in five it would be missed. It takes 303 prompts to see it
    four times in five, and more than twice as many if each place has prompts of its own. And how
    many prompts without one harmful answer support "below 1 %"?
    """
    with guarded():
        from safebasin.stats.power import Design

        design = Design(flips / 100, base / 100, alpha, comparisons, design_effect)
        found = {
            "changes": _changes(drop or [5, 10, 15], prompts or [80, 200, 520], power, design),
            "claims": _claims(below or [5, 2, 1], design),
            "directions": _directions(half_width, sd or [1, 3, 5]),
        }
        if json:
            from json import dumps

            typer.echo(dumps(found, indent=2, sort_keys=True))
        else:
            _show(found)


def _changes(drops: list[float], prompts: list[int], enough: float, design: Design) -> list[Any]:
    from safebasin.stats.power import paired_power, prompts_needed, unpaired_power

    return [
        {
            "drop": drop,
            "power": enough,
            "prompts_needed": prompts_needed(drop / 100, enough, design),
            "chance": [
                {
                    "prompts": n,
                    "same_prompts": round(paired_power(n, drop / 100, design), 4),
                    "other_prompts": round(unpaired_power(n, drop / 100, design), 4),
                }
                for n in prompts
            ],
        }
        for drop in drops
    ]


def _claims(below: list[float], design: Design) -> list[Any]:
    from math import ceil

    from safebasin.stats.power import claim_needs

    return [
        {
            "below": share,
            "hits": hits,
            "prompts_needed": ceil(claim_needs(share / 100, hits) * design.design_effect),
        }
        for share in below
        for hits in (0, 1)
    ]


def _directions(half_width: float, sds: list[float]) -> list[Any]:
    from safebasin.stats.power import directions_half_width, directions_needed

    return [
        {
            "sd": sd,
            "half_width": half_width,
            "directions_needed": directions_needed(half_width, sd),
            "half_width_of": {str(d): round(directions_half_width(d, sd), 2) for d in (3, 5, 10)},
        }
        for sd in sds
    ]


def _show(found: dict[str, Any]) -> None:
    from rich.console import Console

    console = Console()
    for title, table in (
        ("How often a drop of refusals is seen", _change_table(found["changes"])),
        ("How many prompts support a claim of safety", _claim_table(found["claims"])),
        ("How many directions VISAGE needs", _direction_table(found["directions"])),
    ):
        console.print(title, style="bold", highlight=False)
        console.print(table)
        console.print()
    console.print(
        "Same prompts: McNemar's exact test. In brackets: other prompts at each place, score test.",
        highlight=False,
    )


def _change_table(changes: list[Any]) -> Table:
    enough = f"{100 * changes[0]['power']:g} %"
    sizes = [f"{at['prompts']} prompts" for at in changes[0]["chance"]]
    table = _table("drop", *sizes, f"for {enough}")
    for change in changes:
        seen = [f"{at['same_prompts']:.2f} ({at['other_prompts']:.2f})" for at in change["chance"]]
        needed = _count(change["prompts_needed"], "prompts")
        table.add_row(f"{change['drop']:g} points", *seen, needed)
    return table


def _claim_table(claims: list[Any]) -> Table:
    table = _table("harmful answers", "none seen", "one seen")
    for none, one in zip(claims[::2], claims[1::2], strict=True):
        needed = (_count(claim["prompts_needed"], "prompts") for claim in (none, one))
        table.add_row(f"below {none['below']:g} %", *needed)
    return table


def _direction_table(directions: list[Any]) -> Table:
    sizes = [f"with {d} ±" for d in directions[0]["half_width_of"]]
    table = _table("varies by", *sizes, f"for ± {directions[0]['half_width']:g}")
    for one in directions:
        widths = [f"{width:.1f}" for width in one["half_width_of"].values()]
        needed = _count(one["directions_needed"], "directions")
        table.add_row(f"{one['sd']:g} points", *widths, needed)
    return table


def _table(first: str, *others: str) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, 3, 0, 0))
    table.add_column(first, no_wrap=True)
    for other in others:
        table.add_column(other, justify="right", no_wrap=True)
    return table


def _count(number: int | None, unit: str) -> str:
    from safebasin.stats.power import MOST

    return f"over {MOST:,} {unit}" if number is None else f"{number:,} {unit}"
