"""How a model talks besides its weights: checkpoints of one map may differ in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from safebasin.engines.base import Batch
from safebasin.models.generation import Generation
from safebasin.models.thinking import Thinking
from safebasin.records import Displacement, Point

if TYPE_CHECKING:
    from safebasin.models.load import LoadedModel


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
    """

    ends: frozenset[int]
    generation: Generation
    thinking: Thinking
    tokenizer: Any = field(default=None, compare=False)
    prompts: Mapping[str, Sequence[int]] = field(default_factory=dict)

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
    return Talk(loaded.end_ids, loaded.generation, loaded.thinking, loaded.tokenizer)


def at(point: Point, first: Talk, others: Talks) -> Talk:
    """How the model talks at a point.

    A checkpoint talks as it does by itself, so a map says there what a scan of it says at its
    origin. Between checkpoints the first one's template and settings stand, and a response ends at
    the end tokens of any of them: which of these the weights have learnt is not known there.

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
    return replace(first, ends=ends, generation=replace(first.generation, ends=ends))
