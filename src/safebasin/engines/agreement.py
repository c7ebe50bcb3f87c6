"""Whether an engine says what the reference engine says: asked before a run, told in its notes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from safebasin.engines.base import Batch, Encoded, Engine
from safebasin.engines.registry import Manner
from safebasin.engines.transformers import TransformersEngine
from safebasin.models.load import LoadedModel
from safebasin.points import Point
from safebasin.records import Response

ASKED = 20
"""Prompts that are compared."""


@dataclass(frozen=True)
class Agreement:
    """Answers of two engines to the same prompts, compared token by token.

    Attributes:
        asked: how many answers each gave.
        same: how many are the same from the first token to the last.
        shared: share of the reference engine's tokens before each first difference, in [0, 1].
    """

    asked: int
    same: int
    shared: float


def compare(found: Sequence[Response], expected: Sequence[Response]) -> Agreement:
    """How far answers are those of the reference engine.

    Args:
        found: of an engine.
        expected: of the reference engine, in the same order.
    """
    same = sum(a == b for a, b in zip(found, expected, strict=True))
    alike = sum(map(_alike, found, expected))
    total = sum(len(one.token_ids) for one in expected)
    return Agreement(len(found), same, alike / total if total else float(same == len(found)))


def against_reference(
    engine: Engine,
    loaded: LoadedModel,
    manner: Manner,
    encoded: Iterable[Encoded],
    points: Sequence[Point],
) -> tuple[str, ...]:
    """Ask an engine and the reference engine the same, at the checkpoint and at one point of a run.

    The point is there so that placing is compared too, not generating alone.

    Args:
        engine: any; its model must be the loaded one.
        loaded: what the reference engine runs; as it was, afterwards.
        manner: how both answer.
        encoded: prompts, of which the first few are asked.
        points: of the run, the checkpoint first; the second is the point.

    Returns:
        A sentence for each place; where the engine is the reference engine itself, what is unusual
        about how it asks the network.
    """
    if isinstance(engine, TransformersEngine):
        return engine.notes
    reference = TransformersEngine(loaded, manner)
    batch: Batch = tuple(one for one in encoded if one.sample == 0)[:ASKED]
    sentences = []
    for point in points[:2]:
        with reference.at(point):
            expected = reference.answer(batch)
        with engine.at(point):
            found = engine.answer(batch)
        sentences.append(_sentence(engine.name, point, compare(found, expected)))
    return tuple(sentences)


def _sentence(name: str, point: Point, told: Agreement) -> str:
    where = "at the first point after it" if point.terms else "at the checkpoint"
    return (
        f"{name} gave {told.same} of {told.asked} answers exactly as the reference engine {where}; "
        f"{told.shared:.1%} of the reference's tokens come before a first difference"
    )


def _alike(found: Response, expected: Response) -> int:
    pairs = zip(found.token_ids, expected.token_ids, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
