"""`safebasin.surface`: the two-dimensional landscape around a model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Unpack

from safebasin.errors import UsageError
from safebasin.models.load import LoadedModel
from safebasin.models.tensors import network_rows
from safebasin.points import Direction, Displacement
from safebasin.studies.asked import Asked, checked
from safebasin.studies.axis import Coordinates, coordinates, covering
from safebasin.studies.checkpoints import Checkpoint, of_trajectory, open_beside, short_names
from safebasin.studies.edge import reference_edge
from safebasin.studies.grid import Axis, Grid, Stop
from safebasin.studies.maps import make_map
from safebasin.studies.plan import Plan
from safebasin.studies.result import Surface
from safebasin.studies.run import run_with_bar
from safebasin.studies.settings import Settings, require, require_few
from safebasin.studies.subject import prepare
from safebasin.weights.geometry import measure
from safebasin.weights.given import Given
from safebasin.weights.principal import mixtures, principal_axes
from safebasin.weights.projection import project

PlaneName = Literal["random", "trajectory"]

AXIS = "-0.5:0.5:21"
POINTS = 21


@dataclass(frozen=True, kw_only=True)
class SurfaceSettings(Settings):
    """Every argument of `surface`, under the same names. See there for what they mean."""

    x: Coordinates | None = None
    y: Coordinates | None = None
    plane: PlaneName | None = None
    checkpoints: Path | None = None
    edge: Path | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.plane in (None, "random", "trajectory"),
            f"--plane is {self.plane!r}; it must be 'random' or 'trajectory'",
        )
        require(
            self.plane != "trajectory" or self.checkpoints is not None,
            "--plane trajectory is the plane of checkpoints: pass --checkpoints FOLDER",
        )
        require(
            self.edge is None or self.checkpoints is not None,
            "--edge is what distances of checkpoints are compared with: pass --checkpoints FOLDER",
        )
        both = (("--x", self.x), ("--y", self.y))
        x, y = (coordinates(flag, AXIS if at is None else at, 0.0) for flag, at in both)
        require_few(len(x) * len(y), "--x and --y")


def surface(
    model: str = "organism:chat",
    *,
    x: Coordinates | None = None,
    y: Coordinates | None = None,
    plane: PlaneName | None = None,
    checkpoints: Path | str | None = None,
    edge: Path | str | None = None,
    progress: bool = True,
    **asked: Unpack[Asked],
) -> Surface:
    """Map a model's safety landscape over a plane. `safebasin surface` in Python.

    Args:
        model: "organism:chat", a folder with a checkpoint, or a hub id; "@revision" may follow, and
            "+adapter".
        x: coordinates along the first axis: "START:STOP:COUNT", "a,b,c" or numbers; by default
            21 from -0.5 to 0.5, or what shows the checkpoints. 0 must be among them.
        y: the same along the second axis.
        plane: "random" spans it by two random directions, orthogonal in every tensor; "trajectory"
            by the first two principal directions of the checkpoints' displacements, which is the
            default where there are checkpoints.
        checkpoints: a folder of `checkpoint-*` of one fine-tune of the model (whole models or
            adapters), which are placed on the map and measured.
        edge: folder of a scan of the same model, whose safety edge distances are compared with; by
            default the map's own.
        progress: show a bar on standard error.
        asked: what all verbs take; see `safebasin.studies.asked.Asked`.

    Raises:
        SafebasinError: what is wrong and what to do about it, in one line.
    """
    settings = SurfaceSettings(
        model=model,
        x=x,
        y=y,
        plane=plane,
        checkpoints=Path(checkpoints) if checkpoints else None,
        edge=Path(edge) if edge else None,
        **checked(asked),
    )
    found: Surface = run_with_bar(plan(settings), shown=progress)
    return found


def plan(settings: SurfaceSettings) -> Plan:
    """Load and check everything that a surface needs, and lay out its work.

    Raises:
        UsageError, InputRejectedError, IntegrityError, ResourceError: see `subject.prepare`.
    """
    edge = reference_edge(settings.edge)
    subject = prepare(settings)
    names = of_trajectory(settings.checkpoints) if settings.checkpoints else []
    stops, notes = open_beside(subject.loaded, names) if names else ([], ())
    given: dict[Displacement, Given] = {each.way: each.towards for each in stops}
    if names and settings.plane != "random":
        axes, spanned = _principal(settings, subject.loaded, stops)
        given |= spanned
    else:
        axes = _random(settings)
    shown = [Stop(name, each.way) for name, each in zip(short_names(names), stops, strict=True)]
    return make_map(
        "surface", subject, Grid(axes, tuple(shown)), stops, given=given, edge=edge, notes=notes
    )


def _random(settings: SurfaceSettings) -> tuple[Axis, Axis]:
    first = Direction(0, settings.seed, settings.noise, settings.norm, settings.skip)
    second = Direction(1, settings.seed, settings.noise, settings.norm, settings.skip, 0)
    x, y = (AXIS if given is None else given for given in (settings.x, settings.y))
    return (
        Axis(first, "random direction 0", coordinates("--x", x, 0.0)),
        Axis(second, "random direction 1", coordinates("--y", y, 0.0)),
    )


def _principal(
    settings: SurfaceSettings, loaded: LoadedModel, stops: Sequence[Checkpoint]
) -> tuple[tuple[Axis, Axis], dict[Displacement, Given]]:
    """The plane that shows most of the trajectory; what it lacks in directions is drawn at random.

    A fine-tune moved in a straight line spans one direction only.
    """
    like, origin = dict(loaded.model.named_parameters()), network_rows(loaded.model)
    rows = [each.rows for each in stops]
    measured = measure(like, origin, rows)
    axis_AP = principal_axes(measured)
    if not len(axis_AP):
        raise UsageError(
            f"the checkpoints in {settings.checkpoints} have the weights of {settings.model}: "
            "there is no way to show; pass --plane random"
        )
    place_PA = project(measured, axis_AP).coordinate_PA
    all_ways = " ".join(each.way.digest for each in stops)
    axes: list[Axis] = []
    given: dict[Displacement, Given] = {}
    asked = (("--x", settings.x), ("--y", settings.y))
    for a, along in enumerate(mixtures(like, origin, rows, axis_AP)):
        way = Displacement(hashlib.sha256(f"principal {a} of {all_ways}".encode()).hexdigest())
        flag, values = asked[a]
        axes.append(
            Axis(
                way,
                f"principal direction {a + 1}",
                coordinates(flag, values, 0.0)
                if values is not None
                else covering(place_PA[:, a].min(), place_PA[:, a].max(), POINTS),
            )
        )
        given[way] = along
    if len(axes) == 1:
        drawn = Direction(0, settings.seed, settings.noise, settings.norm, settings.skip)
        values = settings.y if settings.y is not None else axes[0].values
        axes.append(Axis(drawn, "random direction 0", coordinates("--y", values, 0.0)))
    return (axes[0], axes[1]), given
