"""Measures as they are asked for: `--perplexity FILE` and `--task NAME|FILE.yaml[:METRIC]`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safebasin.errors import UsageError
from safebasin.measures.base import Measure
from safebasin.measures.harness import Harness
from safebasin.measures.perplexity import Perplexity
from safebasin.measures.taskfile import is_file
from safebasin.models.shown import shown


def parse(
    *,
    perplexity: Sequence[Path | str] = (),
    tasks: Sequence[str] = (),
    limit: int | None = None,
    num_fewshot: int | None = None,
    batch_size: int = 8,
) -> tuple[Measure, ...]:
    """The measures of a run, ready to be taken, in the order they were asked for.

    Perplexity is of text files. A task is `NAME` or `FILE.yaml`, with `:METRIC` or
    `:METRIC,FILTER` behind it if another than its first is wanted; for the rest see `Harness`.

    Raises:
        UsageError: a measure is asked for twice; and what `Harness` and `Perplexity` raise.
    """
    found: list[Measure] = [Perplexity(Path(path)) for path in perplexity]
    settings: Any = {"limit": limit, "num_fewshot": num_fewshot, "batch_size": batch_size}
    found += [Harness(*split(text), **settings) for text in tasks]
    names = [measure.about.name for measure in found]
    for place, name in enumerate(names):
        if name in names[:place]:
            title = found[place].about.title
            raise UsageError(f"{shown(title)} is asked for twice: name each measure once")
    return tuple(found)


def split(text: str) -> tuple[str, str | None]:
    """A task's name or file, and the metric if one is named.

    Raises:
        UsageError: one of them is empty.
    """
    name, colon, metric = text.strip().rpartition(":")
    if is_file(text.strip()) or not colon:
        name, colon, metric = text.strip(), "", ""
    if not name or (colon and not metric):
        raise UsageError(f"task {shown(text)} is not of the form NAME or FILE.yaml, then :METRIC")
    return name, metric or None
