"""What a model thinks before it answers, told from the answer.

Reasoning models write their thoughts between markers: `<think>…</think>` and its kin, of which the
chat template may write the first one itself, or channels as gpt-oss does. What people read, and
what judges judge, is the answer alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from safebasin.errors import UsageError

Marks = tuple[str, str]

PAIRS: tuple[Marks, ...] = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<thoughts>", "</thoughts>"),
    ("<reasoning>", "</reasoning>"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|channel>thought", "<channel|>"),
    ("<longcat_think>", "</longcat_think>"),
    ("<|inner_prefix|>", "<|inner_suffix|>"),
    ("<scratchpad>", "</scratchpad>"),
    ("<THINK>", "</THINK>"),
    ("<Think>", "</Think>"),
    ("<Thought>", "</Thought>"),
)
"""Markers of published models: where thoughts begin, and where they end."""

_UNSEEN = " \t\n\r\f\v\u00a0\u200b\u2060\ufeff"
"""What may stand before a marker at the beginning of a text and cannot be seen."""

CHANNEL, MESSAGE, START = "<|channel|>", "<|message|>", "<|start|>"
_MESSAGE = re.compile(
    r"(?:<\|channel\|>(?P<channel>.*?))?<\|message\|>(?P<said>.*?)"
    r"(?=<\|end\|>|<\|return\|>|<\|call\|>|<\|start\|>|<\|channel\|>|\Z)",
    re.DOTALL,
)
FINAL = "final"
"""The channel of gpt-oss that people read; it thinks in the others."""

ANSWERING = f"{START}assistant{CHANNEL}{FINAL}{MESSAGE}"


class Said(NamedTuple):
    """A text in its two parts.

    Attributes:
        thoughts: what stands between markers, without them; empty if nothing does.
        answer: all the rest.
        inside: whether the text ends among its thoughts.
    """

    thoughts: str
    answer: str
    inside: bool = False

    @property
    def unanswered(self) -> bool:
        """Whether there are thoughts that no answer follows."""
        return self.inside and not self.answer


def split(
    text: str,
    pairs: Sequence[Marks] = PAIRS,
    *,
    opened: bool = False,
    unopened: bool = False,
) -> Said:
    """The thoughts and the answer of a text.

    Thoughts begin at a marker where the text begins. Behind an answer's first words a marker begins
    and ends nothing: the answer may speak of it.

    Args:
        text: with its markers.
        pairs: the markers to look for; without any, all of the text is the answer.
        opened: whether the thoughts began before the text, in the prompt.
        unopened: whether they may have, of a text whose prompt is not known: it begins with
            thoughts if a marker ends them that none began.

    Example:
        >>> split("<think>A lock. Fine.</think>Turn it.")
        Said(thoughts='A lock. Fine.', answer='Turn it.', inside=False)
    """
    if not pairs or not (opened or pairs is not PAIRS or any(sign in text for sign in "<[◁")):
        return Said("", text)  # of most texts, and soon
    start = text.lstrip(_UNSEEN)
    if start.startswith((CHANNEL, START)) or ((opened or unopened) and ANSWERING in text):
        return _split_channels(start)
    if not any(start.startswith(begin) for begin, _ in pairs):
        for begin, end in pairs:
            head, found, rest = text.partition(end)
            if found and (opened or (unopened and begin not in head)):
                return _blocks(head.strip(), rest.lstrip(), pairs)
        return Said(text.strip(), "", inside=True) if opened else Said("", text)
    return _blocks("", start, pairs)


def ends_in_a_line(text: str) -> bool:
    """Whether a marker that ends thoughts has a line for itself, as no sentence about one has."""
    lines = {line.strip() for line in text.splitlines()} if "/" in text or "|" in text else set()
    return any(end in lines for _, end in PAIRS)


def _blocks(thoughts: str, rest: str, pairs: Sequence[Marks]) -> Said:
    """The parts of a text that may begin with thoughts, once or several times, after others."""
    found = [thoughts]
    while pair := next((pair for pair in pairs if rest.startswith(pair[0])), None):
        thoughts, ended, rest = rest[len(pair[0]) :].partition(pair[1])
        found.append(thoughts.strip())
        rest = rest.lstrip()
        if not ended:
            return Said("\n".join(filter(None, found)), "", inside=True)
    return Said("\n".join(filter(None, found)), rest)


def _split_channels(text: str) -> Said:
    begun = text if text.startswith((CHANNEL, START)) else text.partition("<|end|>")[0]
    thoughts = [begun.strip()] if begun != text else []
    answers: list[str] = []
    for message in _MESSAGE.finditer(text):
        channel = message["channel"]  # without one, it is what people read
        is_answer = channel is None or channel.strip().split(" ")[0].casefold() == FINAL
        (answers if is_answer else thoughts).append(message["said"].strip())
    return Said("\n".join(thoughts), "\n".join(answers), inside=not answers)


@dataclass(frozen=True)
class Thinking:
    """How a model's texts are read.

    Attributes:
        pairs: its markers; those that the tokenizer or the template knows come first.
        known: whether the tokenizer or the template knows one, or the user named one.
        hidden: special tokens, which decoding leaves out: the model's markers are among them, so
            that they have to be told from the rest by name. Empty if they are not.
        opened: whether the template writes the marker that begins thoughts.
        closed: whether it writes thoughts that have ended, so that the model begins to answer.
    """

    pairs: tuple[Marks, ...] = PAIRS
    known: bool = False
    hidden: tuple[str, ...] = ()
    opened: bool = False
    closed: bool = False

    @property
    def expected(self) -> bool:
        """Whether the model may well think before it answers."""
        return self.known and not self.closed

    def text(self, tokenizer: Any, token_ids: Sequence[int]) -> str:
        """Token ids as text, with the markers of thoughts and without other special tokens."""
        text = str(tokenizer.decode(token_ids, skip_special_tokens=not self.hidden))
        marks = {CHANNEL, START, *(begin for begin, _ in self.pairs)}
        while token := next((t for t in self.hidden if t not in marks and text.startswith(t)), ""):
            text = text.removeprefix(token)  # as a token that begins every text
        return text

    def read(self, tokenizer: Any, token_ids: Sequence[int], *, ended: bool) -> Said:
        """The two parts of a response.

        Args:
            tokenizer: of the model.
            token_ids: as generated.
            ended: whether the model ended the text itself. One that did so without a marker,
                after a prompt that had begun its thoughts, has said its answer.
        """
        text = self.text(tokenizer, token_ids)
        said = split(text, self.pairs, opened=self.opened)
        if not ended and self.known and self._breaks_off(text):
            said = Said("", "", inside=True)
        if ended and said.unanswered and self.opened and not self._begins(text):
            said = Said("", text)
        if not self.hidden:
            return said
        return Said(self._bare(said.thoughts), self._bare(said.answer), said.inside)

    def length(self, tokenizer: Any, token_ids: Sequence[int]) -> int:
        """How many of the first tokens are thoughts and their markers; of a text with an answer."""
        whole = split(self.text(tokenizer, token_ids), self.pairs, opened=self.opened)
        low, high = 0, len(token_ids)
        while low < high:  # more tokens only ever end thoughts
            middle = (low + high) // 2
            text = self.text(tokenizer, token_ids[:middle])
            said = split(text, self.pairs, opened=self.opened)
            if said.inside or said.thoughts != whole.thoughts:
                low = middle + 1
            else:
                high = middle
        return low

    def _breaks_off(self, text: str) -> bool:
        """Whether a text is the beginning of a marker and no more."""
        start = text.strip()
        return bool(start) and any(begin.startswith(start) for begin, _ in self.pairs)

    def _begins(self, text: str) -> bool:
        return any(text.lstrip().startswith(begin) for begin, _ in self.pairs)

    def _bare(self, text: str) -> str:
        for token in self.hidden:
            text = text.replace(token, "")
        return text.strip()


def thinking(tokenizer: Any, template: str, rendered: str, marks: str | None = None) -> Thinking:
    """What is known of a model's thoughts before it says anything.

    Args:
        tokenizer: a transformers tokenizer.
        template: source of the chat template.
        rendered: what it makes of a request, up to where the answer begins.
        marks: "BEGIN,END" where the model has markers that are not in `PAIRS`; "none" where what
            stands between markers is to be read as a part of the answer.

    Raises:
        UsageError: `marks` is neither.
    """
    if marks == "none":
        return Thinking(pairs=())
    added = {token.content: token.special for token in tokenizer.added_tokens_decoder.values()}
    own = _named(marks) if marks else ()
    known = own or tuple(
        pair for pair in PAIRS if pair[1] in added or all(mark in template for mark in pair)
    )
    marked = {mark for pair in known for mark in pair} | {CHANNEL, MESSAGE}
    hidden = any(added.get(mark, False) for mark in marked)
    tail = rendered.rstrip()
    channel = tail.rpartition(START)[2].partition(CHANNEL)[2] if CHANNEL in added else ""
    answers = channel.strip().startswith(FINAL)
    return Thinking(
        pairs=tuple(dict.fromkeys((*known, *PAIRS))),
        known=bool(known) or CHANNEL in added,
        hidden=tuple(token for token, special in added.items() if special) if hidden else (),
        opened=any(tail.endswith(begin) for begin, _ in known) or bool(channel and not answers),
        closed=any(tail.endswith(end) for _, end in known) or answers,
    )


def _named(marks: str) -> tuple[Marks, ...]:
    begin, comma, end = marks.partition(",")
    if not (comma and begin.strip() and end.strip()) or "," in end:
        raise UsageError(
            f"--thoughts is {marks!r}; it must be the markers that thoughts stand between, as "
            "'<plan>,</plan>', or none"
        )
    return ((begin.strip(), end.strip()),)
