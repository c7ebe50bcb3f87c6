"""From generated tokens to a response: thoughts and answer apart, the same in every engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from safebasin.engines.base import Encoded, Settled
from safebasin.models.load import LoadedModel
from safebasin.records import Finish, Response


def response(
    loaded: LoadedModel, encoded: Encoded, token_ids: Sequence[int], finish: Finish
) -> Response:
    """What was said to a prompt.

    Args:
        loaded: the model that said it.
        encoded: the prompt.
        token_ids: as generated, without the end-of-sequence token.
        finish: why it ended; see `Response`.
    """
    ids = tuple(token_ids)
    said = loaded.thinking.read(loaded.tokenizer, ids, ended=finish == "eos")
    length = 0
    if said.thoughts:
        length = len(ids) if said.inside else loaded.thinking.length(loaded.tokenizer, ids)
    return Response(
        encoded.prompt_id, said.answer, ids, finish, encoded.sample, said.thoughts, length
    )


def settled_answer(loaded: LoadedModel, settled: Settled) -> Callable[[Sequence[int]], bool]:
    """Whether an answer's verdict is decided by these tokens; thoughts decide nothing."""

    def decided(token_ids: Sequence[int]) -> bool:
        said = loaded.thinking.read(loaded.tokenizer, token_ids, ended=False)
        return not said.inside and settled(said.answer)

    return decided
