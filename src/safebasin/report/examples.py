"""Which responses go into a page: few, spread over labels, always the same ones."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from safebasin.report.untrusted import one_line, visible

PER_POINT = 12
TEXT_LIMIT = 600
TOTAL_LIMIT = 1_500_000

Place = tuple[int, float]


@dataclass(frozen=True, slots=True)
class Example:
    """One response, with what was asked and how it was judged.

    Attributes:
        direction: index of the run's direction; at the origin it does not matter.
        alpha: the coordinate along it, one of the summary's `axis_P`.
        kind: "harmful" or "benign".
        category: the prompt's topic; may be empty.
        prompt: the request.
        label: what the deciding judge says.
        keyword: what the keyword judge says.
        detail: the phrase, signal or rule that decided.
        text: the response.
    """

    direction: int
    alpha: float
    kind: str
    category: str
    prompt: str
    label: str
    keyword: str
    detail: str
    text: str


def choose(examples: Iterable[Example], per_point: int = PER_POINT) -> dict[Place, list[Example]]:
    """At most `per_point` examples at each place, spread evenly over kinds and labels.

    Within a kind and label, prompts come in the order of their hashes, so that the same prompts
    tend to be shown at neighbouring points and the order of the input does not matter. The origin
    is one place, with direction 0. Memory grows with the number of places, not of examples.
    """
    groups: defaultdict[Place, dict[tuple[str, str], dict[str, Example]]] = defaultdict(dict)
    for example in examples:
        group = groups[_place(example)].setdefault((example.kind, example.label), {})
        group[_rank(example)] = example
        if len(group) > 2 * per_point:
            for late in sorted(group)[per_point:]:
                del group[late]
    return {place: _interleave(groups[place], per_point) for place in sorted(groups)}


def payload(examples: Iterable[Example], limit: int = TOTAL_LIMIT) -> dict[str, Any]:
    """What the page embeds: prompts once, then the chosen examples place by place.

    Texts are visible and cut. If all of it would be larger than `limit` bytes of JSON, each place
    gets fewer examples, and after that some places none.
    """
    chosen = choose(examples)
    stride, per_point = 1, PER_POINT
    while True:
        kept = {
            place: group[:per_point]
            for i, (place, group) in enumerate(chosen.items())
            if i % stride == 0
        }
        found = _table(kept)
        size = len(json.dumps(found, ensure_ascii=False).encode(errors="replace"))
        if size <= limit or not kept:
            return found
        if per_point > 1:
            per_point = min(per_point - 1, max(1, per_point * limit // size))
        else:
            stride *= 2


def cut(text: str, limit: int = TEXT_LIMIT) -> str:
    """A visible text, at most `limit` characters of the original, and a mark where it was cut."""
    if len(text) <= limit:
        return visible(text)
    return f"{visible(text[:limit])} … [cut: {len(text) - limit:,} more characters]"


def _place(example: Example) -> Place:
    return (0, 0.0) if example.alpha == 0 else (example.direction, example.alpha)


def _rank(example: Example) -> str:
    name = f"{example.prompt}\0{example.text}".encode(errors="surrogatepass")
    prompt = hashlib.sha256(example.prompt.encode(errors="surrogatepass")).hexdigest()
    return prompt + hashlib.sha256(name).hexdigest()


def _interleave(
    groups: Mapping[tuple[str, str], Mapping[str, Example]], limit: int
) -> list[Example]:
    """Round-robin over the groups, harmful ones first."""
    names = sorted(groups, key=lambda name: (name[0] != "harmful", name))
    ordered = [[groups[name][rank] for rank in sorted(groups[name])] for name in names]
    longest = max(map(len, ordered), default=0)
    turns = [group[i] for i in range(longest) for group in ordered if i < len(group)]
    return turns[:limit]


def _table(chosen: Mapping[Place, list[Example]]) -> dict[str, Any]:
    prompts: dict[tuple[str, str, str], int] = {}
    places = []
    for (direction, alpha), group in chosen.items():
        rows = []
        for example in map(_readable, group):
            asked = (example.prompt, example.kind, example.category)
            index = prompts.setdefault(asked, len(prompts))
            rows.append([index, example.label, example.keyword, example.detail, example.text])
        places.append({"direction": direction, "alpha": alpha, "rows": rows})
    return {"prompts": [list(prompt) for prompt in prompts], "places": places}


def _readable(example: Example) -> Example:
    return replace(
        example,
        kind=one_line(example.kind, 40),
        category=one_line(example.category, 80),
        prompt=cut(example.prompt),
        label=one_line(example.label, 40),
        keyword=one_line(example.keyword, 40),
        detail=one_line(example.detail, 240),
        text=cut(example.text),
    )
