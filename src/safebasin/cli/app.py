"""The program `safebasin` and its verbs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from safebasin.cli import (
    calibrate,
    compare,
    doctor,
    judge,
    label,
    listing,
    organism,
    path,
    power,
    report,
    scan,
    show,
    surface,
)
from safebasin.cli.examples import epilog
from safebasin.cli.guard import State

app = typer.Typer(
    name="safebasin",
    help="How far can a chat model's weights move before it stops refusing?\n\n"
    "Start with `safebasin scan`: it maps the safety landscape of the model that comes with the "
    "package and writes a page. Give it a folder or a hub id to map yours.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_VERBS: dict[str, Callable[..., None]] = {
    "scan": scan.scan,
    "surface": surface.surface,
    "path": path.path,
    "judge": judge.judge,
    "label": label.label,
    "calibrate": calibrate.calibrate,
    "compare": compare.compare,
    "power": power.power,
    "show": show.show,
    "report": report.report,
    "list": listing.listing,
    "doctor": doctor.doctor,
}
for _name, _verb in _VERBS.items():
    app.command(_name, epilog=epilog(_name))(_verb)
app.add_typer(organism.app, name="organism")


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"safebasin {version('safebasin')}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the whole traceback of an error.")
    ] = False,
    version: Annotated[  # noqa: ARG001 - acts through its callback
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """What may stand before the verb."""
    State.debug = debug


def main() -> None:
    """Entry point of the console script."""
    app()
