"""How likely a text is, as a question to vLLM.

All but the last token are the prompt, whose likelihoods vLLM tells. For the last place, which may
be the end of the text, it is asked how likely certain tokens are; that also keeps a text that fills
the context within it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from safebasin.records import Response


@dataclass(frozen=True)
class Question:
    """A text to score.

    Attributes:
        prompt: all of it but the last token.
        scored: how many tokens at the end of `prompt` are scored.
        last: what may stand after it; the likeliest is scored.
    """

    prompt: tuple[int, ...]
    scored: int
    last: tuple[int, ...]

    def parameters(self) -> Any:
        """As vLLM takes it."""
        from vllm import SamplingParams

        return SamplingParams(
            temperature=0,
            max_tokens=1,
            ignore_eos=True,
            prompt_logprobs=0 if self.scored else None,
            logprob_token_ids=list(self.last),
            detokenize=False,
        )


def asked(prompt: Sequence[int], response: Response, ends: Sequence[int]) -> Question | None:
    """What to ask for a response's losses; None if it has no token."""
    ids = tuple(response.token_ids)
    if response.finish == "eos":
        return Question((*prompt, *ids), len(ids), tuple(ends))
    if not ids:
        return None
    last = tuple(ends) if ids[-1] in ends else ids[-1:]
    return Question((*prompt, *ids[:-1]), len(ids) - 1, last)


def read(question: Question, output: Any) -> list[float]:
    """−log p of every scored token, in nats."""
    told = zip(question.prompt, output.prompt_logprobs or [], strict=False)
    scored = list(told)[len(question.prompt) - question.scored :]
    within = [-float(of[token].logprob) for token, of in scored]
    at_end = output.outputs[0].logprobs[0]
    return [*within, -max(float(at_end[token].logprob) for token in question.last)]
