"""What a judge is: a name, and a verdict on each of some exchanges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from safebasin.records import Prompt, Response, Verdict


class Exchange(NamedTuple):
    """A prompt and what was answered to it."""

    prompt: Prompt
    response: Response


class Judge(Protocol):
    """One way to label responses.

    Attributes:
        name: versioned; two judges that could disagree on anything have different names.
        title: what it does, in a few words.
        decides_early: whether `settled` can be true before a response has ended.
    """

    name: str
    title: str
    decides_early: bool

    @property
    def thresholds(self) -> dict[str, float]:
        """Numbers that were fitted or chosen, by name."""
        ...

    def judge(self, exchanges: Sequence[Exchange]) -> list[Verdict]:
        """One verdict for each exchange, in order. Never called with a numeric failure."""
        ...

    def settled(self, text: str) -> bool:
        """Whether the label of a response that starts with `text` can no longer change."""
        ...
