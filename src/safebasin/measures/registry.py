"""Measures as they are asked for: `--perplexity FILE` and `--task NAME|FILE.yaml[:METRIC]`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from safebasin.errors import UsageError
from safebasin.measures.base import Measure
from safebasin.measures.harness import Harness
from safebasin.measures.perplexity import Perplexity
from safebasin.measures.tasks import is_file
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

    Args:
        perplexity: text files.
        tasks: `NAME` or `FILE.yaml`, each with `:METRIC` or `:METRIC,FILTER` behind it if another
            than the task's first is wanted.
        limit: at most so many documents of each task; None for all.
        num_fewshot: worked examples before each question, where a task allows a choice.
        batch_size: requests of a task at a time.

    Raises:
        UsageError: an unknown task or metric (near names are listed), or a measure twice.
        InputRejectedError: a file is not fit to be used.
        ResourceError: lm-eval is not installed, or a task's data is out of reach.
    """
    found: list[Measure] = [Perplexity(Path(path)) for path in perplexity]
    for text in tasks:
        name, metric = split(text)
        found.append(
            Harness(name, metric, limit=limit, num_fewshot=num_fewshot, batch_size=batch_size)
        )
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
