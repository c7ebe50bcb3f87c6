"""What lm-eval says of one document, as a value and a weight whose mean is its own total."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from safebasin.errors import UsageError
from safebasin.models.shown import shown

SHARES = frozenset({"acc", "acc_norm", "acc_bytes", "acc_mutual_info", "exact_match"})

Reader = Callable[[Any], tuple[float, float]]

_READERS: Mapping[str, Reader] = {
    "perplexity": lambda log_p: (-log_p, 1.0),
    "word_perplexity": lambda found: (-found[0] / found[1], float(found[1])),
    "byte_perplexity": lambda found: (-found[0] / found[1], float(found[1])),
    "bits_per_byte": lambda found: (-found[0] / found[1] / math.log(2), float(found[1])),
}


def reader(metric: str) -> Reader:
    """How a document's entry for a metric is read."""
    return _READERS.get(metric, lambda value: (float(value), 1.0))


def choose(tasks: Sequence[Any], asked: str | None, name: str) -> tuple[str, str]:
    """The metric and the filter of some tasks.

    Args:
        tasks: all must have the metric.
        asked: `METRIC` or `METRIC,FILTER`; None for the first of the first task that is made of
            its documents' values. Without a filter, the task's first.
        name: of the tasks, for messages.

    Raises:
        UsageError: a task lacks it, or it cannot be told document by document.
    """
    usable = [metric for metric in tasks[0].aggregation() if _by_document(tasks[0], metric)]
    metric, _, filter_name = (asked or (usable[0] if usable else "")).partition(",")
    for task in tasks:
        if metric not in task.aggregation() or not _by_document(task, metric):
            raise UsageError(
                f"task {shown(name)} has no metric {shown(metric)} that is told document by "
                f"document; it has {', '.join(usable) or 'none'}"
            )
        filters = [one.name for one in task._filters]
        if filter_name and filter_name not in filters:
            raise UsageError(
                f"task {shown(name)} has no filter {shown(filter_name)}; "
                f"it has {', '.join(filters)}"
            )
    return metric, filter_name or str(tasks[0]._filters[0].name)


def unit(metric: str) -> str:
    """See `About.unit`."""
    return "share" if metric in SHARES else metric


def _by_document(task: Any, metric: str) -> bool:
    from lm_eval.api.metrics import mean, nanmean

    return metric in _READERS or task.aggregation()[metric] in (mean, nanmean)
