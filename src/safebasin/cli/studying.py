"""What every verb that runs a study does with its plan: show it, or do it and show the result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from safebasin.errors import FailedPointsError, UsageError

if TYPE_CHECKING:
    from safebasin.cli.options import Output
    from safebasin.studies.plan import Plan
    from safebasin.studies.result import Comparison
    from safebasin.summary import Status

_UNITS = (("days", 86400), ("hours", 3600), ("minutes", 60))


def do(planned: Plan, output: Output) -> None:
    """Show the plan, or run it and show the result and where its page is.

    Raises:
        FailedPointsError: some answers have no text or no label.
    """
    if output.plan:
        show_plans([planned], as_json=output.json)
        return
    from safebasin.studies.run import run_with_bar

    found = run_with_bar(planned, shown=not (output.json or output.quiet))
    page = found.report()
    show(found.summary, output)
    if not (output.json or output.quiet):
        typer.echo(f"\nThe page: {page}\nThe run:  {planned.folder}")
    require_answers(found.summary.status)


def show(summary: Any, output: Output) -> None:
    """Print a summary as JSON or as a table."""
    from rich.console import Console

    from safebasin.cli.screen import screen

    if output.json:
        typer.echo(summary.to_json(), nl=False)
    elif not output.quiet:
        Console().print(screen(summary))


def show_comparison(found: Comparison, output: Output) -> None:
    """Write the page of a comparison, and show it and where the page is."""
    page = found.report()
    show(found.summary, output)
    if not (output.json or output.quiet):
        typer.echo(f"\nThe page: {page}")


def require_answers(status: Status) -> None:
    """Make sure that every response has text and a label.

    Raises:
        FailedPointsError: some have not.
    """
    from safebasin.report.formatting import count

    if status.failed_points:
        raise FailedPointsError(
            f"at {len(status.failed_points)} of {count(status.points_planned, 'points')} the "
            f"answers' logits were not numbers (first: {status.failed_points[0]}); no rate counts "
            "these answers: stay nearer to the origin, or use --dtype float32"
        )
    if status.judge_failures:
        raise FailedPointsError(
            f"{count(status.judge_failures, 'verdicts')} could not be given; no rate counts these "
            "answers: see the details on the page, or choose another --judge"
        )


def single(asked: dict[str, Any]) -> dict[str, Any]:
    """The same, with at most one system prompt and one jailbreak.

    Raises:
        UsageError: there are several.
    """
    found = dict(asked)
    for name in ("system", "jailbreak"):
        values = found[name] or [None]
        if len(values) > 1:
            raise UsageError(
                f"--{name} is given {len(values)} times; only `safebasin scan` compares them: "
                "give it once"
            )
        found[name] = values[0]
    return found


def show_plans(plans: Sequence[Plan], *, as_json: bool) -> None:
    """Print what would be done and its cost; as JSON, several plans are one list."""
    import json

    from safebasin.studies.duration import seconds_at_most

    if not as_json:
        for planned in plans:
            _show_plan(planned)
        return
    told = [
        {
            "folder": str(planned.folder),
            "workers": planned.settings.workers,
            **planned.cost,
            "seconds_at_most": seconds_at_most(planned),
        }
        for planned in plans
    ]
    typer.echo(json.dumps(told if len(told) > 1 else told[0], indent=2))


def _show_plan(planned: Plan) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from safebasin.studies.duration import seconds_at_most

    cost = planned.cost
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    rows = [
        ("model", f"{planned.loaded.ref}, {planned.loaded.checked.parameters:,} parameters"),
        ("points", f"{cost['points']:,}"),
        ("prompts at each", f"{cost['prompts']:,}, {planned.settings.batch} at a time"),
        ("responses", f"{cost['responses']:,}, of which {cost['done']:,} are in the store"),
        ("tokens", f"at most {cost['tokens_at_most']:,}, prompts included"),
        ("arithmetic", f"at most {cost['flop_at_most']:.1e} floating-point operations"),
        ("time", _told(seconds_at_most(planned))),
        ("memory", f"about {cost['weights_bytes'] / 2**20:,.0f} MiB for weights and their copies"),
        ("run folder", str(planned.folder)),
        *_workers(planned),
        *(("note", note) for note in (*planned.notes, *_open_ended(planned))),
    ]
    for name, value in rows:
        table.add_row(name, Text(value))
    Console().print(table)


def _told(seconds: float | None) -> str:
    """A time as a person says it."""
    if seconds is None:
        return "not estimated for workers and other engines"
    size = next(
        (f"{seconds / unit:,.1f} {name}" for name, unit in _UNITS if seconds >= 1.5 * unit),
        f"{seconds:.0f} seconds",
    )
    return f"at most {size} here, timed on a few prompts; answers that end early make it less"


def _workers(planned: Plan) -> tuple[tuple[str, str], ...]:
    """Who does it, where it is not this process."""
    workers = planned.settings.workers
    if workers is None:
        return ()
    many = "as many as there is room for" if workers == "auto" else str(workers)
    return (("workers", f"{many}; each loads the model, and this process keeps what they find"),)


def _open_ended(planned: Plan) -> tuple[str, ...]:
    """What the numbers of a plan are, where the answers decide how much is asked."""
    if planned.request["study"] == "edges":
        return ("the answers decide how much is asked; the numbers are the whole coarse grid's",)
    return ("at most so much; it may end before",) if planned.schedule else ()
