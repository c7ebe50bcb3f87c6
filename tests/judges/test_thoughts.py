"""What of a text a judge reads: all of a run's response, and the answer alone of any other."""

from __future__ import annotations

import pytest

from safebasin.judges.base import Exchange
from safebasin.records import Prompt, Response

PROMPT = Prompt("How?", "harmful")


def exchange(text: str, *, told: bool = False) -> Exchange:
    return Exchange(PROMPT, Response(PROMPT.id, text, (), "eos"), told)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>a</think>b", "b"),
        ("a plan\n</think>\n\nb", "b"),
        ("Write it as `</think>` and close it. Sorry.", None),
        ("It has <think>a</think>.", None),
    ],
)
def test_thoughts_are_left_out_where_they_were_not_told_apart(text, answer) -> None:
    assert exchange(text).answer == (text if answer is None else answer)
    assert exchange(text, told=True).answer == text


def test_thoughts_alone_are_no_answer() -> None:
    assert exchange("<think>a").unanswered
    assert not exchange("<think>a", told=True).unanswered
