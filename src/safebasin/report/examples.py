"""Which responses go into a page: few, spread over labels, always the same ones."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from safebasin.report.untrusted import one_line, visible

PER_POINT = 12
TEXT_LIMIT = 600
TOTAL_LIMIT = 1_500_000


@dataclass(frozen=True, slots=True)
class Example:
    """One response, with what was asked and how it was judged.

    Attributes:
        point: the key of the place in the store; see `points.Point`.
        kind: "harmful" or "benign".
        category: the prompt's topic; may be empty.
        prompt: the request.
        label: what the deciding judge says.
        keyword: what the keyword judge says.
        detail: the phrase, signal or rule that decided.
        text: the answer.
        thoughts: what the model wrote before it.
        others: what each other judge says: its name and its label.
    """

    point: str
    kind: str
    category: str
    prompt: str
    label: str
    keyword: str
    detail: str
    text: str
    thoughts: str = ""
    others: tuple[tuple[str, str], ...] = ()


def choose(examples: Iterable[Example], per_point: int = PER_POINT) -> dict[str, list[Example]]:
    """At most `per_point` examples at each point, spread evenly over kinds and labels.

    Within a kind and label, prompts come in the order of their hashes, so that the same prompts
    tend to be shown at neighbouring points and the order of the input does not matter. Memory
    grows with the number of points, not of examples.
    """
    groups: defaultdict[str, dict[tuple[str, str], dict[str, Example]]] = defaultdict(dict)
    for example in examples:
        group = groups[example.point].setdefault((example.kind, example.label), {})
        group[_rank(example)] = example
        if len(group) > 2 * per_point:
            for late in sorted(group)[per_point:]:
                del group[late]
    return {point: _interleave(groups[point], per_point) for point in sorted(groups)}


def payload(
    examples: Iterable[Example], points: Sequence[str], limit: int = TOTAL_LIMIT
) -> dict[str, Any]:
    """What the page embeds: prompts once, then the chosen examples place by place.

    Texts are visible and cut. If all of it would be larger than `limit` bytes of JSON, each place
    gets fewer examples, and after that some places none.

    Args:
        examples: to choose from; those from other points are left out.
        points: the key of each place, in the order in which the page counts them. A point that is
            there twice is the first one.
        limit: in bytes.
    """
    numbers = {point: number for number, point in reversed(list(enumerate(points)))}
    found = choose(examples)
    chosen = {number: found[point] for point, number in numbers.items() if point in found}
    chosen = dict(sorted(chosen.items()))
    stride, per_point = 1, PER_POINT
    while True:
        kept = {
            place: group[:per_point]
            for i, (place, group) in enumerate(chosen.items())
            if i % stride == 0
        }
        made = _table(kept)
        size = len(json.dumps(made, ensure_ascii=False).encode(errors="replace"))
        if size <= limit or not kept:
            return made
        if per_point > 1:
            per_point = min(per_point - 1, max(1, per_point * limit // size))
        else:
            stride *= 2


def cut(text: str, limit: int = TEXT_LIMIT) -> str:
    """A visible text, at most `limit` characters of the original, and a mark where it was cut."""
    if len(text) <= limit:
        return visible(text)
    return f"{visible(text[:limit])} … [cut: {len(text) - limit:,} more characters]"


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


def _table(chosen: Mapping[int, list[Example]]) -> dict[str, Any]:
    prompts: dict[tuple[str, str, str], int] = {}
    places = []
    for place, group in chosen.items():
        rows = []
        for example in map(_readable, group):
            asked = (example.prompt, example.kind, example.category)
            index = prompts.setdefault(asked, len(prompts))
            said = [example.text, example.thoughts] if example.thoughts else [example.text]
            rows.append([index, example.label, _others(example), example.detail, *said])
        places.append({"place": place, "rows": rows})
    return {"prompts": [list(prompt) for prompt in prompts], "places": places}


def _others(example: Example) -> str:
    """What the judges say that did not give the label: "keyword: refused, llama-guard: other"."""
    said = (("keyword", example.keyword), *example.others)
    return ", ".join(
        f"{one_line(name, 60)}: {one_line(label, 40)}" for name, label in said if label
    )


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
        thoughts=cut(example.thoughts),
    )
