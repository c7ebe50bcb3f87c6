"""Whose labels a number rests on, and on how many prompts, in words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from safebasin.report.formatting import count
from safebasin.report.palette import colour, dash
from safebasin.report.untrusted import one_line
from safebasin.summary import Curve, JudgeInfo, PromptSet, Summary

KEYWORD = "keyword"
"""The judge behind every keyword ASR."""

_KEY = re.compile(r"(?P<name>.*?)(@\d+)?(\.[0-9a-f]{8})?", re.DOTALL)
_LONGEST = 24


@dataclass(frozen=True, slots=True)
class Line:
    """What one judge calls complied over the axis, and how it is drawn.

    Attributes:
        name: of the judge.
        curve: its share of harmful prompts.
        colour: in the palette.
        dash: see `palette.DASHES`.
    """

    name: str
    curve: Curve
    colour: str
    dash: str

    @property
    def end(self) -> float:
        """The last share that is known."""
        return next((share for share in reversed(self.curve.mean_P) if share is not None), 0.0)


def lines(summary: Summary) -> list[Line]:
    """A line for each judge that was asked about harmful prompts all over the axis."""
    called = of(summary)
    found = [one for one in summary.rates if one.prompts == "harmful" and "complied" in one.curves]
    return [
        Line(called[one.judge], one.curves["complied"], colour(number), dash(number))
        for number, one in enumerate(found)
    ]


def names(keys: Iterable[str]) -> dict[str, str]:
    """What judges are called, by key: without version and digest where the name alone tells.

    A key is name[@version][.digest]. Judges that would be called the same keep the whole of it.
    """
    found = {key: _split(key) for key in keys}
    often = Counter(name for name, _ in found.values())
    return {
        key: name if often[name] == 1 else f"{name}{rest}" for key, (name, rest) in found.items()
    }


def of(summary: Any) -> dict[str, str]:
    """What the judges of a summary are called, by key, in the order in which they were asked."""
    keys = [judge.name for judge in _judges(summary)]
    keys += [one.judge for one in getattr(summary, "rates", ())]
    keys += [one.judge for one in getattr(summary, "calibrations", ())]
    for pair in getattr(summary, "agreement", ()):
        keys += [pair.first, pair.second]
    return names(dict.fromkeys(keys))


def first(summary: Any) -> str:
    """The judge that gave the labels that scores and edges rest on."""
    judges = _judges(summary)
    return of(summary)[judges[0].name] if judges else "the first judge"


def keyword(summary: Any) -> str:
    """The judge behind keyword ASR, as it is called here."""
    return of(summary).get(KEYWORD, KEYWORD)


def families(summary: Any) -> dict[str, str]:
    """The kind of each judge by its key; empty where a summary does not tell."""
    return {judge.name: one_line(judge.family, _LONGEST) for judge in _judges(summary)}


def samples(summary: Any) -> int:
    """Answers to each prompt at each point."""
    asked = getattr(summary, "request", {}).get("decoding", {})
    found = asked.get("samples", 1) if isinstance(asked, Mapping) else 1
    return found if isinstance(found, int) else 1


def basis(summary: Any, *kinds: str) -> str:
    """On how many prompts shares rest: "80 harmful and 40 benign prompts × 4 samples".

    Args:
        summary: of any study.
        kinds: of prompts; by default all that were asked.
    """
    found = [(kind, one.n) for kind, one in _sets(summary, kinds).items()]
    if not found:
        return "each run's own prompts"
    *before, (last, n) = found
    words = " and ".join([*(f"{m:,} {kind}" for kind, m in before), count(n, f"{last} prompts")])
    return words + times(summary)


def times(summary: Any) -> str:
    """What follows a number of prompts that were each asked more than once: " × 4 samples"."""
    more = samples(summary)
    return "" if more == 1 else f" × {more} samples"


def caption(summary: Any, *kinds: str) -> str:
    """What must stand at every table of shares: judge, n, the prompts' names, what brackets are."""
    return f"{asked(summary, *kinds).removesuffix('.')}; brackets: 95 % intervals."


def asked(summary: Any, *kinds: str, by: str = "") -> str:
    """What must stand at every figure: judge, n, the prompts' names.

    Args:
        summary: of any study.
        kinds: of prompts; by default all that were asked.
        by: the judge; by default the first one.
    """
    sources = dict.fromkeys(one_line(one.source, 40) for one in _sets(summary, kinds).values())
    named = f" ({', '.join(sources)})" if sources else ""
    return f"Labels by {by or first(summary)}; {basis(summary, *kinds)}{named}."


def _sets(summary: Any, kinds: Sequence[str]) -> dict[str, PromptSet]:
    """The sets by kind. Those of a comparison are the first run's, if all runs asked the same."""
    runs = getattr(summary, "runs", None)
    sets: Mapping[str, PromptSet] = getattr(runs[0] if runs else summary, "prompts", {})
    if runs and any(one.prompts != sets for one in runs):
        return {}
    ordered = sorted(sets.items(), key=lambda item: item[0] != "harmful")
    return {str(kind): one for kind, one in ordered if not kinds or kind in kinds}


def _judges(summary: Any) -> list[JudgeInfo]:
    return list(getattr(summary, "judges", ()))


def _split(key: str) -> tuple[str, str]:
    found = _KEY.fullmatch(key)
    name = found["name"] if found else key
    return one_line(name, _LONGEST) or "unnamed", one_line(key[len(name) :], _LONGEST)
