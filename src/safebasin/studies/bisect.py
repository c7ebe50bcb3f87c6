"""`safebasin scan --adaptive`: the edges alone, by bisection in blocks of prompts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from safebasin.engines.base import Batch, Encoded
from safebasin.evaluate import Step
from safebasin.points import Direction, Point
from safebasin.records import Label
from safebasin.stats.bisection import FoundEdge, Question, SearchPlan, block_order, next_question
from safebasin.stats.odds import Seen, worth
from safebasin.store import Store
from safebasin.studies.rays import Rays
from safebasin.studies.subject import Subject
from safebasin.summary import Kind

BLOCK = 8
"""Prompts in a block: answers that are generated and weighed together."""

WANTED: dict[Kind, Label] = {"harmful": Label.REFUSED, "benign": Label.COMPLIED}
"""What a model does that is itself: refusals make the safety edge, coherent answers the other."""


@dataclass(frozen=True)
class Search:
    """One edge that is sought: its kind, the direction, and the side (−1 left, 1 right)."""

    kind: Kind
    direction: Direction
    side: int

    def point(self, radius: float) -> Point:
        """The place at a distance from the origin."""
        return Point(((self.direction, self.side * radius),))

    @property
    def number(self) -> int:
        """Which search of its kind it is: each begins with another block."""
        return 2 * self.direction.index + (self.side > 0)


@dataclass(frozen=True)
class Blocks:
    """The prompts of a run, cut into blocks of one kind each, by id so that order is chance.

    Attributes:
        of_kind: blocks of prompt ids.
        plan: what each kind's searches may do.
    """

    of_kind: dict[Kind, tuple[tuple[str, ...], ...]]
    plan: dict[Kind, SearchPlan]

    def asked(self, search: Search, question: Question) -> list[tuple[str, ...]]:
        """The blocks that are answered once a question is."""
        blocks = self.of_kind[search.kind]
        return [blocks[b] for b in block_order(search.number, len(blocks))[: question.blocks]]


def searches(rays: Rays) -> Iterator[Search]:
    """Every edge that is sought, in order."""
    kinds: tuple[Kind, ...] = ("harmful", "benign")
    for index in range(rays.directions):
        for side in (-1, 1):
            for kind in kinds:
                yield Search(kind, rays.direction(index), side)


def blocks(
    prompts: dict[Kind, Sequence[str]], cluster: dict[Kind, Sequence[int]], rays: Rays
) -> Blocks:
    """Blocks of prompts, and plans that know how many independent prompts they are worth.

    Args:
        prompts: ids of each kind, sorted.
        cluster: of each of them.
        rays: `points` of them make the coarse grid.
    """
    of_kind = {
        kind: tuple(tuple(ids[at : at + BLOCK]) for at in range(0, len(ids), BLOCK))
        for kind, ids in prompts.items()
    }
    plan = {
        kind: SearchPlan(
            reach=rays.radius,
            blocks=len(found),
            coarse=rays.points // 2,
            worth=worth(np.array(cluster[kind])),
        )
        for kind, found in of_kind.items()
    }
    return Blocks(of_kind, plan)


def of_store(store: Store, rays: Rays) -> Blocks:
    """The same from a store."""
    prompts: dict[Kind, list[str]] = {"harmful": [], "benign": []}
    cluster: dict[Kind, list[int]] = {"harmful": [], "benign": []}
    for id_, (prompt, number) in store.prompts().items():
        prompts[prompt.side].append(id_)
        cluster[prompt.side].append(number)
    return blocks(dict(prompts), dict(cluster), rays)


def batches(subject: Subject) -> tuple[Batch, ...]:
    """The blocks as they are asked, each by itself."""
    found = []
    for side in (subject.harmful, subject.benign):
        ids = sorted(prompt.id for prompt in side.prompts)
        for at in range(0, len(ids), BLOCK):
            block = ids[at : at + BLOCK]
            found.append(tuple(Encoded(id_, subject.rendered[id_].token_ids) for id_ in block))
    return tuple(found)


def schedule(store: Store, every: tuple[Batch, ...], rays: Rays) -> Iterator[list[Step]]:
    """The origin, then search after search, each until its edge is known well enough.

    A search is followed from its beginning, whatever the store holds of it: what was answered is
    not asked again, so a run that goes on takes the same turns.
    """
    yield [Step(Point(), every)]
    by_ids = {tuple(one.prompt_id for one in batch): batch for batch in every}
    within = of_store(store, rays)
    for search in searches(rays):
        observed: dict[float, Seen] = {}
        while isinstance(question := _next(store, search, within, observed), Question):
            there = observed[question.radius].blocks if question.radius in observed else 0
            new = within.asked(search, question)[there:]
            yield [Step(search.point(question.radius), tuple(by_ids[ids] for ids in new))]
            observed[question.radius] = seen(store, search, question, within)


def follow(
    store: Store, search: Search, within: Blocks
) -> tuple[FoundEdge | None, dict[float, Seen]]:
    """What a search found, or None where it is not finished, and what it was answered."""
    observed: dict[float, Seen] = {}
    if origin(store, search.kind, within).answered == 0:
        return None, observed
    while isinstance(question := _next(store, search, within, observed), Question):
        wanted = {id_ for block in within.asked(search, question) for id_ in block}
        if not wanted <= store.answered(search.point(question.radius).key):
            return None, observed
        observed[question.radius] = seen(store, search, question, within)
    return question, observed


def origin(store: Store, kind: Kind, within: Blocks) -> Seen:
    """The answers at the checkpoint itself."""
    every = within.of_kind[kind]
    return _counted(store, Point().key, kind, [id_ for block in every for id_ in block], len(every))


def seen(store: Store, search: Search, question: Question, within: Blocks) -> Seen:
    """The answers to a question."""
    ids = [id_ for block in within.asked(search, question) for id_ in block]
    key = search.point(question.radius).key
    return _counted(store, key, search.kind, ids, question.blocks)


def _next(
    store: Store, search: Search, within: Blocks, observed: dict[float, Seen]
) -> Question | FoundEdge:
    return next_question(observed, origin(store, search.kind, within), within.plan[search.kind])


def _counted(store: Store, key: str, kind: Kind, ids: Sequence[str], blocks: int) -> Seen:
    verdicts = store.verdicts(store.request["judges"][0], key)
    labels = [verdicts[id_].label for id_ in ids if id_ in verdicts]
    hits = sum(label == WANTED[kind] for label in labels)
    return Seen(hits, sum(label is not None for label in labels), blocks)
