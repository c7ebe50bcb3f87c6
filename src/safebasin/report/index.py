"""The page of a folder of runs: what there is, what it found, and where its page is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from safebasin.report.page.parts import policy, style
from safebasin.report.untrusted import one_line


class Run(Protocol):
    """What is shown of a run; see `studies.runs.Listed`."""

    @property
    def folder(self) -> Path:
        """Where it is."""

    @property
    def page(self) -> Path | None:
        """Its page, if one was written."""


def render(listed: Sequence[Run], place: Path) -> str:
    """The page as HTML text. It has no script and loads nothing.

    Args:
        listed: the runs.
        place: the folder that the page will be in; its links are relative to it.
    """
    environment = Environment(
        loader=PackageLoader("safebasin.report"), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["line"] = one_line
    look = style()
    rows: list[tuple[Any, str]] = [(run, _link(run, place)) for run in listed]
    return environment.get_template("index.html.j2").render(
        policy=policy([], [look]),
        style=Markup(look),  # noqa: S704 - ours
        rows=rows,
        title=place.absolute().name or str(place),
    )


def _link(run: Run, place: Path) -> str:
    """An address of the run's page that cannot be read as one of another scheme."""
    if run.page is None:
        return ""
    return "./" + quote(os.path.relpath(run.page.absolute(), place.absolute()))
