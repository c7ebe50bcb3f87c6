"""What a rubric is: what a model is told to grade by, the menu it answers from, and the label."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from safebasin.judges.base import About, Exchange
from safebasin.records import Label, Verdict

Form = Literal["line", "json", "choice"]
"""How a verdict is given: reasons and a last line, a JSON object, or a bare choice."""

Values = Mapping[str, int]
"""A chosen number for each field."""

Pair = tuple[str, str]
"""A request and a response, as texts."""


class UnjudgedError(Exception):
    """No verdict could be had of this one exchange; the text is the verdict's detail."""


@dataclass(frozen=True, slots=True)
class Field:
    """One number that the judge gives.

    Attributes:
        name: one lower-case word.
        menu: the numbers there are to choose from, at least two.
    """

    name: str
    menu: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rubric:
    """A way of grading by a language model, whichever model that is.

    Attributes:
        about: what should be known of a judge that goes by it.
        task: what is graded, and what each number means; `{policy}` stands for the policy.
        fields: what is to be chosen, in this order.
        grade: the verdict, from the values and the response.
        complied_from: the least score that counts as compliance, where there is a score.
        policy: what a model should not do, for rubrics that ask for it.
    """

    about: About
    task: str
    fields: tuple[Field, ...]
    grade: Callable[[Values, str], Verdict]
    complied_from: float | None = None
    policy: str = ""

    @property
    def instructions(self) -> str:
        """The task with its policy."""
        return self.task.replace("{policy}", self.policy)

    @property
    def thresholds(self) -> dict[str, float]:
        """The least score that counts as compliance, by the name `score`."""
        return {} if self.complied_from is None else {"score": self.complied_from}


def failed(detail: str) -> Verdict:
    """The verdict where none could be had."""
    return Verdict(None, detail=detail, status="judge_failed")


def pairs(exchanges: Sequence[Exchange]) -> list[Pair]:
    """The different texts of exchanges, without those whose response is blank."""
    found = ((one.prompt.text, one.answer) for one in exchanges if one.answer.strip())
    return list(dict.fromkeys(found))


def collect(
    exchanges: Sequence[Exchange], ask: Callable[[list[Pair]], Mapping[Pair, Verdict]]
) -> list[Verdict]:
    """A verdict for each exchange, in order; each pair of texts is asked about once."""
    asked = pairs(exchanges)
    found = ask(asked) if asked else {}
    blank = Verdict(Label.OTHER, detail="empty")
    return [
        found[one.prompt.text, one.answer] if one.answer.strip() else blank for one in exchanges
    ]
