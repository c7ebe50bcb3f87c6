"""From generated tokens to a response: thoughts and answer apart, the same in every engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from safebasin.engines.base import Encoded, Settled
from safebasin.models.plain_text import without_markers
from safebasin.models.thinking import Thinking
from safebasin.records import Finish, Response


def response(
    tokenizer: Any, thinking: Thinking, encoded: Encoded, token_ids: Sequence[int], finish: Finish
) -> Response:
    """What was said to a prompt.

    Args:
        tokenizer: of the model that said it.
        thinking: how its thoughts are told from its answer.
        encoded: the prompt.
        token_ids: as generated, without the end-of-sequence token.
        finish: why it ended; see `Response`.
    """
    ids = tuple(token_ids)
    said = thinking.read(tokenizer, ids, ended=finish == "eos")
    length = len(ids) if said.inside else 0
    if said.thoughts and not said.inside:
        length = thinking.length(tokenizer, ids)
    return Response(
        encoded.prompt_id, said.answer, ids, finish, encoded.sample, said.thoughts, length
    )


def settled_answer(
    tokenizer: Any, thinking: Thinking, settled: Settled
) -> Callable[[Sequence[int]], bool]:
    """Whether an answer's verdict is decided by these tokens; thoughts decide nothing."""

    def decided(token_ids: Sequence[int]) -> bool:
        said = thinking.read(tokenizer, token_ids, ended=False)
        return not said.inside and settled(said.answer)

    return decided


def read_again(response: Response, tokenizer: Any, size: int) -> tuple[tuple[int, ...], int]:
    """A response in tokens that a network has, and how many of them are thoughts.

    What a checkpoint said in tokens of its own is read again as text, in the network's tokens.

    Args:
        response: of any checkpoint.
        tokenizer: of the network.
        size: how many tokens the network has.
    """
    if max(response.token_ids, default=0) < size:
        return response.token_ids, response.thought_tokens
    backend = without_markers(tokenizer)
    thoughts, answer = (
        tuple(backend.encode(text, add_special_tokens=False).ids)
        for text in (response.thoughts, response.text)
    )
    return (*thoughts, *answer), len(thoughts)
