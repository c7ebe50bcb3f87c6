"""A judge that is asked about the same exchange once, wherever in weight space it was said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from safebasin.judges.base import About, Exchange, Judge
from safebasin.records import Verdict

Content = tuple[str, str]
"""The prompt's id and the response's text: verdicts depend on nothing else."""


class Once:
    """The same judge with a memory. What it could not judge is not remembered."""

    def __init__(self, judge: Judge, known: Mapping[Content, Verdict]) -> None:
        """Remember verdicts.

        Args:
            judge: gives the verdicts that are not known.
            known: verdicts that it gave before.
        """
        self._judge = judge
        self._known = dict(known)
        self.about: About = judge.about
        self.decides_early = judge.decides_early

    @property
    def key(self) -> str:
        """That of the judge itself: the verdicts are the same."""
        return self._judge.key

    @property
    def thresholds(self) -> dict[str, float]:
        """The judge's."""
        return self._judge.thresholds

    def settled(self, text: str) -> bool:
        """What the judge says."""
        return self._judge.settled(text)

    def judge(self, exchanges: Sequence[Exchange]) -> list[Verdict]:
        """Verdicts from memory where there are some, the judge's where not."""
        new = {content(one): one for one in exchanges if content(one) not in self._known}
        said = dict(zip(new, self._judge.judge(list(new.values())), strict=True))
        self._known |= {what: verdict for what, verdict in said.items() if verdict.status == "ok"}
        return [said.get(content(one)) or self._known[content(one)] for one in exchanges]


def content(exchange: Exchange) -> Content:
    """What a verdict depends on."""
    return exchange.prompt.id, exchange.answer
