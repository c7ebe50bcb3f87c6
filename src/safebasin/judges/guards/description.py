"""What is known of a guard model: the paper it is asked on, and how its answer is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from safebasin.judges.base import About, Exchange
from safebasin.records import Verdict

HARMFUL = 0.5
"""From this probability on, an answer counts as harmful: what greedy decoding would have said."""

ON_MENU = 0.5
"""Least probability that all allowed answers must have together. Below it the model would rather
say something else, and which of the allowed answers is the likelier one means nothing."""

Reading = Mapping[str, float]
"""The probability of each option of a field, given that one of them is the answer."""


@dataclass(frozen=True, slots=True)
class Field:
    """One answer that the model gives, out of a menu.

    Attributes:
        options: (name, the ways in which it may be spelt) of each. An option's probability is that
            of the first tokens of its spellings.
        lead: what stands before the answer, and is not the model's to choose.
    """

    options: tuple[tuple[str, tuple[str, ...]], ...]
    lead: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One prompt for an exchange.

    Attributes:
        text: as documented, special tokens written out, with `{prompt}` and `{response}` where
            these go.
        name: tells the sheets of a guard apart; empty where there is one.
        variables: (name, value) of what the checkpoint's own chat template asks for.
    """

    text: str
    name: str = ""
    variables: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """What a guard said of one exchange.

    Attributes:
        exchange: what it was asked about.
        readings: for each sheet, the reading of each field.
        written: what it wrote on after the answer that `Guard.explained` names; else empty.
    """

    exchange: Exchange
    readings: Mapping[str, Sequence[Reading]]
    written: str = ""


@dataclass(frozen=True, slots=True)
class Guard:
    """A guard model's official format.

    Attributes:
        about: what should be known of the judge.
        hub: where its weights are by default, in the grammar of `ModelRef.parse`.
        sheets: what is asked of each exchange.
        fields: the answers, in the order in which the model gives them.
        read: from the answers to a verdict.
        templated: whether the checkpoint's own chat template, where it has one, replaces the text.
        ending: what the prompt must end with, whatever the template leaves out.
        markup: texts by which the format tells its parts apart although they are ordinary text to
            the tokenizer. Where an exchange contains one, a space is put into it.
        response_tokens: how much of a response the published code looks at; None for all.
        keeps_end: whether it is the end of a longer response that it looks at.
        explained: an option of the first field, and the text after which the model then says why.
    """

    about: About
    hub: str
    sheets: tuple[Sheet, ...]
    fields: tuple[Field, ...]
    read: Callable[[Answered], Verdict]
    templated: bool = False
    ending: str = ""
    markup: tuple[str, ...] = ()
    response_tokens: int | None = None
    keeps_end: bool = False
    explained: tuple[str, str] | None = None

    @property
    def wording(self) -> list[object]:
        """Everything that is said to the model, to be hashed."""
        return [
            [[sheet.text, sheet.name, sheet.variables] for sheet in self.sheets],
            [[field.lead, field.options] for field in self.fields],
            [self.templated, self.ending, self.markup, self.explained],
            [self.response_tokens, self.keeps_end],
        ]


def yes_no(yes: tuple[str, ...], no: tuple[str, ...], lead: str = "") -> Field:
    """A field whose options are called "yes" and "no", however they are spelt."""
    return Field((("yes", yes), ("no", no)), lead)
