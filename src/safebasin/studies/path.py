"""`safebasin.path`: what lies between checkpoints, on their line or in their plane."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

from safebasin.points import Direction
from safebasin.studies.asked import Asked, checked
from safebasin.studies.axis import Coordinates, coordinates
from safebasin.studies.checkpoints import of_trajectory, open_beside, short_names
from safebasin.studies.edge import reference_edge
from safebasin.studies.grid import Axis, Grid, Stop
from safebasin.studies.maps import make_map
from safebasin.studies.plan import Plan
from safebasin.studies.result import Line, Surface
from safebasin.studies.run import run_with_bar
from safebasin.studies.settings import Settings, require, require_few
from safebasin.studies.subject import prepare

AXIS = "-0.5:1.5:21"
ORGANISM_END = "organism:base"
"""Where the organism's path leads if nothing else is named."""


@dataclass(frozen=True, kw_only=True)
class PathSettings(Settings):
    """Every argument of `path`, under the same names but for `model`, which is its `first`."""

    second: str | None = None
    third: str | None = None
    x: Coordinates = AXIS
    y: Coordinates | None = None
    checkpoints: Path | None = None
    edge: Path | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.second is not None or self.model == Settings.model,
            f"a path leads from one checkpoint to another, and only {self.model} is named: "
            f"`safebasin path {self.model} B`, where B is a model as `safebasin list models` shows",
        )
        require(
            self.edge is None or self.checkpoints is not None,
            "--edge is what distances of checkpoints are compared with: pass --checkpoints FOLDER",
        )
        x, y = coordinates("--x", self.x, 0.0, 1.0), AXIS if self.y is None else self.y
        if self.third is not None or self.y is not None:
            up = coordinates("--y", y, 0.0, *([1.0] if self.third else []))
            require_few(len(x) * len(up), "--x and --y")


def path(
    first: str = "organism:chat",
    second: str | None = None,
    third: str | None = None,
    *,
    x: Coordinates = AXIS,
    y: Coordinates | None = None,
    checkpoints: Path | str | None = None,
    edge: Path | str | None = None,
    progress: bool = True,
    **asked: Unpack[Asked],
) -> Line | Surface:
    """Map what lies between checkpoints. `safebasin path` in Python.

    Args:
        first: the model at 0; it gives tokenizer and chat template. Folder, hub id, or base with
            adapter.
        second: the checkpoint at 1 of the first axis. The folder of an adapter means that adapter
            over the first model's base. Of the organism "organism:base" by default.
        third: the checkpoint at 1 of the second axis, if the plane through three is wanted.
        x: coordinates along the first axis: "START:STOP:COUNT", "a,b,c" or numbers; 0 and 1 must be
            among them.
        y: along the second axis. With two checkpoints, it asks for the plane of their line and a
            random direction.
        checkpoints: a folder of `checkpoint-*`, which are placed on the map and measured.
        edge: folder of a scan of the first model, whose safety edge distances are compared with; by
            default the map's own.
        progress: show a bar on standard error.
        asked: what all verbs take; see `safebasin.studies.asked.Asked`.

    Raises:
        SafebasinError: what is wrong and what to do about it, in one line.
    """
    settings = PathSettings(
        model=first,
        second=second,
        third=third,
        x=x,
        y=y,
        checkpoints=Path(checkpoints) if checkpoints else None,
        edge=Path(edge) if edge else None,
        **checked(asked),
    )
    found: Line | Surface = run_with_bar(plan(settings), shown=progress)
    return found


def plan(settings: PathSettings) -> Plan:
    """Load and check everything that a path needs, and lay out its work.

    Raises:
        UsageError, InputRejectedError, IntegrityError, ResourceError: see `subject.prepare` and
            `checkpoints.open_beside`.
    """
    edge = reference_edge(settings.edge)
    subject = prepare(settings)
    second = ORGANISM_END if settings.second is None else settings.second
    names = [second, *([] if settings.third is None else [settings.third])]
    ends, notes = open_beside(subject.loaded, names)
    along = of_trajectory(settings.checkpoints) if settings.checkpoints else []
    stops, more = open_beside(subject.loaded, along) if along else ([], ())
    axes = [Axis(ends[0].way, f"towards {names[0]}", coordinates("--x", settings.x, 0.0, 1.0))]
    if settings.third is not None:
        values = coordinates("--y", AXIS if settings.y is None else settings.y, 0.0, 1.0)
        axes.append(Axis(ends[1].way, f"towards {names[1]}", values))
    elif settings.y is not None:
        way = Direction(0, settings.seed, settings.noise, settings.norm, settings.skip)
        axes.append(Axis(way, "random direction 0", coordinates("--y", settings.y, 0.0)))
    shown = [Stop(name, each.way) for name, each in zip(short_names(along), stops, strict=True)]
    everyone = {each.way: each for each in (*ends, *stops)}
    return make_map(
        "path",
        subject,
        Grid(tuple(axes), tuple(shown)),
        list(everyone.values()),
        given={way: each.towards for way, each in everyone.items()},
        edge=edge,
        notes=tuple(dict.fromkeys((*notes, *more))),
    )
