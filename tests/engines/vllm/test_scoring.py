"""Which question is asked for which text, and what is read from the answer; needs no vLLM."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from safebasin.engines.vllm.scoring import Question, asked, read
from safebasin.records import Finish, Response

ENDS = (1, 9)


def response(ids: tuple[int, ...], finish: Finish) -> Response:
    return Response("p", "", ids, finish)


@pytest.mark.parametrize(
    ("ids", "finish", "expected"),
    [
        ((5, 6), "eos", Question((3, 4, 5, 6), 2, ENDS)),
        ((), "eos", Question((3, 4), 0, ENDS)),
        ((5, 6), "length", Question((3, 4, 5), 1, (6,))),
        ((5, 6), "decided", Question((3, 4, 5), 1, (6,))),
        ((5,), "length", Question((3, 4), 0, (5,))),
        ((5, 9), "length", Question((3, 4, 5), 1, ENDS)),
        ((), "length", None),
        ((), "numeric_failure", None),
    ],
)
def test_a_text_is_asked_without_its_last_token(
    ids: tuple[int, ...], finish: Finish, expected: Question | None
) -> None:
    assert asked((3, 4), response(ids, finish), ENDS) == expected


def told(**log_p: float) -> dict[int, SimpleNamespace]:
    return {int(name[1:]): SimpleNamespace(logprob=value) for name, value in log_p.items()}


def test_losses_are_read_from_the_response_on() -> None:
    output = SimpleNamespace(
        prompt_logprobs=[None, told(t4=-7.0), told(t5=-0.5), told(t6=-0.25, t8=-0.1)],
        outputs=[SimpleNamespace(logprobs=[told(t1=-3.0, t9=-2.0, t7=-0.01)])],
    )
    assert read(Question((3, 4, 5, 6), 2, ENDS), output) == [0.5, 0.25, 2.0]


def test_a_response_of_one_token() -> None:
    output = SimpleNamespace(
        prompt_logprobs=None, outputs=[SimpleNamespace(logprobs=[told(t5=-1.5)])]
    )
    assert read(Question((3, 4), 0, (5,)), output) == [1.5]
