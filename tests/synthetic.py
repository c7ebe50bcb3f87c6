"""Stores of any size whose content is drawn: for questions of speed and memory."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from safebasin.records import Label, Prompt, Response, Verdict
from safebasin.store import Store, writing

WORDS = ("the", "garden", "water", "house", "describe", "window", "small", "paper", "boat")


def prompts_of(count: int) -> list[Prompt]:
    """Half of them harmful, half benign, all different."""
    return [
        Prompt(f"request {number} of {count}", "harmful" if number % 2 else "benign")
        for number in range(count)
    ]


def synthetic_store(
    folder: Path,
    *,
    points: Sequence[str],
    prompts: Sequence[Prompt],
    judges: Sequence[str] = ("keyword", "coherence"),
    request: Mapping[str, Any] | None = None,
    measures: Mapping[str, int] | None = None,
    facts: Mapping[str, Any] | None = None,
    words: int = 40,
    seed: int = 0,
) -> Path:
    """Write a run whose responses, verdicts and measurements are drawn.

    Args:
        points: keys of the points; every prompt is answered at each of them.
        judges: names; each labels every response.
        request: what stands in run.json.
        measures: by name, of how many items; taken at every point.
        facts: what the run remembers, as `loaded`.
        words: of a response, on average; a token a word.
    """
    draw = random.Random(seed)
    texts = [" ".join(draw.choices(WORDS, k=draw.randint(1, 2 * words - 1))) for _ in range(10_000)]
    said = [(text, tuple(draw.randrange(30_000) for _ in text.split())) for text in texts]
    verdicts = [Verdict(label, draw.random(), "drawn") for label in Label for _ in range(50)]
    with writing(folder, dict(request or {"study": "synthetic", "seed": seed})) as store:
        store._connection.execute("pragma synchronous = off")
        store.add_prompts([(p, number, p.text, (1, 2)) for number, p in enumerate(prompts)])
        for name, value in (facts or {}).items():
            store.remember(name, value)
        for point in points:
            _fill(store, point, prompts, [draw.choice(said) for _ in prompts])
            for judge in judges:
                store.add_verdicts(judge, point, {p.id: draw.choice(verdicts) for p in prompts})
            for name, count in (measures or {}).items():
                store.add_measurements(
                    name, point, {f"i{item:05}": (draw.random(), 1.0) for item in range(count)}
                )
    return folder


def _fill(store: Store, point: str, prompts: Sequence[Prompt], said: Sequence[Any]) -> None:
    store.add_responses(
        point, [Response(p.id, *one, "eos") for p, one in zip(prompts, said, strict=True)]
    )
