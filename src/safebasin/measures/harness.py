"""Tasks of lm-eval on the live model: built once, asked at every point, nothing kept between.

lm-eval makes the requests, puts them to the model, and filters and grades the answers. Its loop
around these is ours: `lm_eval.evaluate` would write every request anew at every point, limit
filters and the model alike, grade texts made of nan, and fail where a perplexity is beyond floats.
"""

from __future__ import annotations

import copy
import hashlib
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from importlib.metadata import version
from typing import Any

import torch

from safebasin.errors import InputRejectedError, SafebasinError, UsageError
from safebasin.measures.base import About
from safebasin.measures.bounded import bounded
from safebasin.measures.quiet import undisturbed
from safebasin.measures.taskfile import is_file
from safebasin.measures.tasks import build
from safebasin.models.load import LoadedModel
from safebasin.models.shown import shown
from safebasin.records import Items

_FAILED = "\uffff"  # stands for a text whose logits were not numbers; no tokenizer makes it
_SHARES = frozenset({"acc", "acc_norm", "acc_bytes", "acc_mutual_info", "exact_match"})
_READERS: Mapping[str, Callable[[Any], tuple[float, float]]] = {
    "perplexity": lambda log_p: (-log_p, 1.0),
    "word_perplexity": lambda found: (-found[0] / found[1], float(found[1])),
    "byte_perplexity": lambda found: (-found[0] / found[1], float(found[1])),
    "bits_per_byte": lambda found: (-found[0] / found[1] / math.log(2), float(found[1])),
}
"""What lm-eval says of a document, as a value and a weight; other metrics are a value alone."""


class Harness:
    """One metric of a task, or of all tasks of a group; an item is a document.

    lm-eval reports a group as its documents' mean or as the mean of its tasks, as the group says.
    Here it is the mean over documents, weighted as the metric weights them. Questions are put as
    lm-eval puts them by default: as plain text, without the chat template.
    """

    def __init__(
        self,
        name: str,
        metric: str | None = None,
        *,
        limit: int | None = None,
        num_fewshot: int | None = None,
        batch_size: int = 8,
    ) -> None:
        """Build the task, its documents and requests; no model is needed for that.

        Args:
            name: a task, group or tag that lm-eval knows, or the path of a YAML task file.
            metric: `METRIC` or `METRIC,FILTER`; by default the task's first.
            limit: the largest number of documents of each task; the first ones are taken.
            num_fewshot: worked examples before each question; a task that says 0 keeps it.
            batch_size: requests at a time; part of the name, as it can change the last bit.

        Raises:
            UsageError, InputRejectedError, ResourceError: see `tasks.build`, `_choose`.
        """
        self._tasks = build(name, limit=limit, num_fewshot=num_fewshot)
        self._metric, self._filter = _choose(self._tasks, metric, name)
        self._is_file = is_file(name)
        self._title = str(self._tasks[0].config.task) if self._is_file else name
        self._batch_size = batch_size
        self._wrapped: tuple[LoadedModel, Any] | None = None
        self.about = About(
            name=f"lm-eval.{version('lm_eval')}.{self._title}.{self._metric},{self._filter}"
            f".b{batch_size}.{_digest(self._tasks)}",
            title=f"{self._title}: {self._metric}",
            unit="share" if self._metric in _SHARES else self._metric,
            higher_is_better=all(task.higher_is_better()[self._metric] for task in self._tasks),
        )

    def measure(self, loaded: LoadedModel) -> Items:
        """See `Measure.measure`.

        Raises:
            InputRejectedError: a document's result is no number, or does not fit into the model.
        """
        with undisturbed(offline=True), torch.no_grad():
            if self._wrapped is None or self._wrapped[0] is not loaded:
                self._wrapped = loaded, _wrap(loaded, self._batch_size)
            _ask(self._wrapped[1], self._tasks)
            with bounded(self._title) if self._is_file else nullcontext():
                return {
                    f"{task.config.task}/{number:06}": self._read(task, instances)
                    for task in self._tasks
                    for number, instances in _answered(task).items()
                }

    def _read(self, task: Any, instances: Sequence[Any]) -> tuple[float, float]:
        """A document's value and weight; one whose logits were not numbers has the value nan."""
        if not all(_is_number(answer) for one in instances for answer in one.resps):
            return math.nan, 1.0
        try:
            said = [one.filtered_resps[self._filter] for one in instances]
            found = task.process_results(instances[0].doc, said)[self._metric]
            value, weight = _READERS.get(self._metric, lambda one: (float(one), 1.0))(found)
        except (SafebasinError, MemoryError):
            raise
        except Exception as error:
            raise InputRejectedError(
                f"task {shown(self._title)} gives no number for {shown(self._metric)} of document "
                f"{instances[0].doc_id} ({type(error).__name__}: {shown(error)}): choose another"
            ) from error
        return value if math.isfinite(value) else math.nan, weight


def _choose(tasks: Sequence[Any], asked: str | None, name: str) -> tuple[str, str]:
    """The metric and filter asked for, `METRIC,FILTER`, or the first task's first ones.

    Raises:
        UsageError: a task lacks them, or the metric cannot be told document by document.
    """
    from lm_eval.api.metrics import mean, nanmean

    def usable(task: Any) -> list[str]:
        made = task.aggregation()
        return [metric for metric in made if metric in _READERS or made[metric] in (mean, nanmean)]

    first = usable(tasks[0])
    metric, _, filter_name = (asked or (first[0] if first else "")).partition(",")
    for task in tasks:
        filters = [str(one.name) for one in task._filters]
        if metric not in usable(task):
            raise UsageError(
                f"task {shown(name)} has no metric {shown(metric)} that is told document by "
                f"document; it has {', '.join(first) or 'none'}"
            )
        if filter_name and filter_name not in filters:
            raise UsageError(
                f"task {shown(name)} has no filter {shown(filter_name)}; "
                f"it has {', '.join(filters)}"
            )
    return metric, filter_name or str(tasks[0]._filters[0].name)


def _wrap(loaded: LoadedModel, batch_size: int) -> Any:
    """lm-eval's view of the model that is there: nothing is loaded, and the tokenizer is a copy.

    It gives `_FAILED` for a text in whose making the logits were not numbers. Without that, the
    text would be tokens drawn from nothing, and would be graded.
    """
    from lm_eval.models.huggingface import HFLM

    lm = HFLM(
        pretrained=loaded.model,
        tokenizer=copy.deepcopy(loaded.tokenizer),
        backend="causal",
        batch_size=batch_size,
        softmax_dtype="float32",
        trust_remote_code=False,
    )
    generate, decode = lm._model_generate, lm.tok_decode

    def generating(context: Any, **settings: Any) -> Any:
        failed_N = torch.zeros(len(context), dtype=torch.bool, device=context.device)

        def look(_: Any, __: Any, output: Any) -> None:
            # A NaN anywhere in a row is its maximum; beams of a text stand side by side.
            finite = torch.isfinite(output.logits[:, -1].amax(-1)).view(len(context), -1).all(1)
            failed_N.logical_or_(~finite)

        hook = lm.model.register_forward_hook(look)
        try:
            made = generate(context, **settings)
        finally:
            hook.remove()
        made[failed_N, context.shape[1] :] = -1
        return made

    def decoding(tokens: Any, *arguments: Any, **settings: Any) -> Any:
        failed = isinstance(tokens, list) and tokens[:1] == [-1]
        return _FAILED if failed else decode(tokens, *arguments, **settings)

    lm._model_generate, lm.tok_decode = generating, decoding
    return lm


def _ask(lm: Any, tasks: Sequence[Any]) -> None:
    """Put every request to the model, kinds of request together."""
    by_kind: dict[str, list[Any]] = defaultdict(list)
    for instance in (one for task in tasks for one in task.instances):
        instance.resps, instance.filtered_resps = [], {}
        by_kind[instance.request_type] += [instance] * (instance.repeats or 1)
    for kind, instances in by_kind.items():
        for instance, said in zip(instances, getattr(lm, kind)(instances), strict=True):
            instance.resps.append(said)


def _answered(task: Any) -> dict[int, list[Any]]:
    """A task's requests by document, their answers filtered."""
    task.apply_filters()
    found: dict[int, list[Any]] = defaultdict(list)
    for instance in sorted(task.instances, key=lambda one: (one.doc_id, one.idx)):
        found[instance.doc_id].append(instance)
    return found


def _is_number(said: Any) -> bool:
    """Of a text whether it was made of numbers; of a log-likelihood whether it is one."""
    if isinstance(said, str):
        return not said.startswith(_FAILED)
    return math.isfinite(said[0] if isinstance(said, tuple) else said)


def _digest(tasks: Sequence[Any]) -> str:
    """A hash of every request and its document: data, templates, examples and limit are in it."""
    found = hashlib.sha256()
    for one in (one for task in tasks for one in task.instances):
        found.update(repr((one.task_name, one.request_type, one.arguments, one.doc)).encode())
    return found.hexdigest()[:16]
