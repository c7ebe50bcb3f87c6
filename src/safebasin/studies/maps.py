"""What the planning of surfaces and paths shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from safebasin.models.vocabulary import size_of
from safebasin.points import Displacement
from safebasin.studies.checkpoints import Checkpoint
from safebasin.studies.geometry import describe
from safebasin.studies.grid import Grid
from safebasin.studies.plan import Plan, make
from safebasin.studies.subject import Subject
from safebasin.studies.talks import digests, talks
from safebasin.weights.given import Given


def make_map(
    study: str,
    subject: Subject,
    grid: Grid,
    checkpoints: Sequence[Checkpoint],
    *,
    given: Mapping[Displacement, Given],
    edge: dict[str, Any] | None,
    notes: tuple[str, ...],
) -> Plan:
    """Lay out the work of a line or plane.

    Args:
        study: the verb.
        subject: the model and what it is asked.
        grid: the places.
        checkpoints: all that are placed on the map, its ends among them.
        given: what the displacements of the grid stand for.
        edge: what distances are compared with, if not the map's own edge.
        notes: what a person should know.
    """
    where: dict[str, Any] = {"grid": grid.to_json()}
    if edge is not None:
        where["edge"] = edge
        if edge["weights_digest"] != subject.loaded.checked.weights_digest:
            notes = (*notes, f"the safety edge is from {edge['run']}, a scan of other weights")
    found, told = talks(subject, checkpoints)
    if found:
        where["talks"] = digests(found, size_of(subject.loaded.model))
    return make(
        study,
        subject,
        grid.plan,
        where,
        given=given,
        talks=found,
        moving=tuple(sorted({name for each in checkpoints for name in each.moving})),
        notes=(*notes, *told),
        facts=lambda overlay: {"geometry": describe(overlay, grid, checkpoints)},
    )
