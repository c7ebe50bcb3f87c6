"""How a model talks besides its weights: checkpoints of one map may differ in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from safebasin.engines.base import Batch
from safebasin.models.generation import Generation
from safebasin.models.thinking import Thinking
from safebasin.models.vocabulary import size_of
from safebasin.points import Displacement, Point

if TYPE_CHECKING:
    from safebasin.models.load import LoadedModel


class Lent(NamedTuple):
    """Entries of a checkpoint's own tokens that the first model lacks, where they are needed.

    Attributes:
        way: to the checkpoint.
        share: of its entry in that of the network.
        token: whose entry it is; None means all that the first model lacks.
    """

    way: Displacement
    share: float
    token: int | None = None


@dataclass(frozen=True)
class Talk:
    """What makes answers of the same weights others.

    Attributes:
        ends: tokens that end a response.
        generation: what is asked of every answer.
        thinking: how thoughts are told from answers.
        tokenizer: what makes text of its tokens.
        prompts: token ids of the prompts that are written otherwise than for the first model, by
            prompt id.
        size: how many tokens have a logit; None means as many as the network has rows for.
        lent: whose entries those tokens have that the first model lacks.
    """

    ends: frozenset[int]
    generation: Generation
    thinking: Thinking
    tokenizer: Any = field(default=None, compare=False)
    prompts: Mapping[str, Sequence[int]] = field(default_factory=dict)
    size: int | None = None
    lent: tuple[Lent, ...] = ()

    def written(self, batch: Batch) -> Batch:
        """Prompts as the checkpoint reads them."""
        if not self.prompts:
            return batch
        return tuple(
            replace(one, token_ids=tuple(self.prompts.get(one.prompt_id, one.token_ids)))
            for one in batch
        )


Talks = Mapping[Displacement, Talk]
"""Of the checkpoints of a map that talk otherwise than its first model, by the way to each."""


def own(loaded: LoadedModel) -> Talk:
    """How a loaded model talks."""
    return Talk(
        loaded.end_ids,
        loaded.generation,
        loaded.thinking,
        loaded.tokenizer,
        size=size_of(loaded.model),
    )


def at(point: Point, first: Talk, others: Talks) -> Talk:
    """How the model talks at a point.

    A checkpoint talks as it does by itself, so a map says there what a scan of it says at its
    origin. Between checkpoints the first one's template and settings stand, and a response ends at
    the end tokens of any of them: which of these the weights have learnt is not known there. Of the
    tokens that the first one lacks, these are all that can be said there.

    Args:
        point: where the model stands.
        first: how the first model talks.
        others: how the other checkpoints do.
    """
    involved = [(way, x) for way, x in point.terms if isinstance(way, Displacement)]
    if len(point.terms) == len(involved) == 1 and involved[0][1] == 1.0:
        return others.get(involved[0][0], first)
    ends = first.ends.union(*(others[way].ends for way, _ in involved if way in others))
    if ends == first.ends:
        return first
    near = [(way, abs(x)) for way, x in involved if way in others]
    lent = tuple(_lent(first, near, others))
    return replace(
        first,
        ends=ends,
        generation=replace(first.generation, ends=ends),
        size=1 + max(each.token or 0 for each in lent) if lent else first.size,
        lent=lent,
    )


def _lent(
    first: Talk, involved: Sequence[tuple[Displacement, float]], others: Talks
) -> Iterator[Lent]:
    """The entries of new end tokens: of several checkpoints, in shares of how near they are."""
    new = {
        way: {end for end in others[way].ends if first.size is not None and end >= first.size}
        for way, _ in involved
    }
    for token in sorted(set().union(*new.values())):
        lenders = [(way, x) for way, x in involved if token in new[way]]
        whole = sum(x for _, x in lenders)
        yield from (Lent(way, x / whole, token) for way, x in lenders)
