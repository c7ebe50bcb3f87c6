"""Tasks of lm-eval on the live model: built once, asked at every point, nothing kept between."""

from __future__ import annotations

import copy
import hashlib
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from importlib.metadata import version
from typing import Any

import torch

from safebasin.errors import InputRejectedError, SafebasinError
from safebasin.measures.base import About
from safebasin.measures.bounded import bounded
from safebasin.measures.metrics import choose, reader, unit
from safebasin.measures.quiet import undisturbed
from safebasin.measures.tasks import build, confined, is_file
from safebasin.models.load import LoadedModel
from safebasin.models.shown import shown
from safebasin.records import Items

_FAILED = "\uffff"  # stands for a text whose logits were not numbers; no tokenizer makes it


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
            limit: at most so many documents of each task.
            num_fewshot: worked examples before each question, where the task allows a choice.
            batch_size: requests at a time; part of the name, as it can change the last bit.

        Raises:
            UsageError, InputRejectedError, ResourceError: see `tasks.build`, `metrics.choose`.
        """
        self._tasks = build(name, limit=limit, num_fewshot=num_fewshot)
        self._metric, self._filter = choose(self._tasks, metric, name)
        self._is_file = is_file(name)
        self._title = str(self._tasks[0].config.task) if self._is_file else name
        self._batch_size = batch_size
        better = {bool(task.higher_is_better()[self._metric]) for task in self._tasks}
        self.about = About(
            name=f"lm-eval.{version('lm_eval')}.{self._title}.{self._metric},{self._filter}"
            f".b{batch_size}.{_digest(self._tasks)}",
            title=f"{self._title}: {self._metric}",
            unit=unit(self._metric),
            higher_is_better=better == {True},
        )
        self._wrapped: tuple[LoadedModel, Any] | None = None

    def measure(self, loaded: LoadedModel) -> Items:
        """See `Measure.measure`.

        Raises:
            InputRejectedError: a document's result is no number, or does not fit into the model.
        """
        with undisturbed(offline=True), confined(), torch.no_grad():
            lm = self._lm(loaded)
            _ask(lm, self._tasks)
            with bounded(self._title) if self._is_file else nullcontext():
                return self._items()

    def _items(self) -> Items:
        """What the model said, filtered and graded."""
        for task in self._tasks:
            task.apply_filters()
        return {
            f"{task.config.task}/{number:06}": self._read(task, instances)
            for task in self._tasks
            for number, instances in _by_document(task).items()
        }

    def _lm(self, loaded: LoadedModel) -> Any:
        if self._wrapped is None or self._wrapped[0] is not loaded:
            self._wrapped = loaded, _wrap(loaded, self._batch_size)
        return self._wrapped[1]

    def _read(self, task: Any, instances: Sequence[Any]) -> tuple[float, float]:
        """A document's value and weight; one whose logits were not numbers has the value nan."""
        if not all(map(_is_number, (answer for one in instances for answer in one.resps))):
            return math.nan, 1.0
        try:
            found = task.process_results(
                instances[0].doc, [one.filtered_resps[self._filter] for one in instances]
            )
            value, weight = reader(self._metric)(found[self._metric])
        except (SafebasinError, MemoryError):
            raise
        except Exception as error:
            raise InputRejectedError(
                f"task {shown(self._title)} gives no number for {shown(self._metric)} of document "
                f"{instances[0].doc_id} ({type(error).__name__}: {shown(error)}): choose another"
            ) from error
        return value if math.isfinite(value) else math.nan, weight


def _wrap(loaded: LoadedModel, batch_size: int) -> Any:
    """lm-eval's view of the model that is there: nothing is loaded, and the tokenizer is a copy."""
    from lm_eval.models.huggingface import HFLM

    lm = HFLM(
        pretrained=loaded.model,
        tokenizer=copy.deepcopy(loaded.tokenizer),
        backend="causal",
        batch_size=batch_size,
        softmax_dtype="float32",
        trust_remote_code=False,
    )
    _tell_failures(lm)
    return lm


def _tell_failures(lm: Any) -> None:
    """Give `_FAILED` for a text in whose making the logits were not numbers.

    Without that, the text would be tokens drawn from nothing, and would be graded.
    """
    generate, decode = lm._model_generate, lm.tok_decode

    def generating(context: Any, max_length: int, stop: Any, **settings: Any) -> Any:
        failed_N = torch.zeros(len(context), dtype=torch.bool, device=context.device)

        def look(_: Any, __: Any, output: Any) -> None:
            # A NaN anywhere in a row is its maximum; beams of a text stand side by side.
            finite = torch.isfinite(output.logits[:, -1].amax(-1)).view(len(context), -1).all(1)
            failed_N.logical_or_(~finite)

        hook = lm.model.register_forward_hook(look)
        try:
            made = generate(context, max_length=max_length, stop=stop, **settings)
        finally:
            hook.remove()
        made[failed_N, context.shape[1] :] = -1
        return made

    def decoding(tokens: Any, *arguments: Any, **settings: Any) -> Any:
        if isinstance(tokens, list) and tokens[:1] == [-1]:
            return _FAILED
        return decode(tokens, *arguments, **settings)

    lm._model_generate, lm.tok_decode = generating, decoding


def _ask(lm: Any, tasks: Sequence[Any]) -> None:
    """Put every request to the model, kinds of request together."""
    by_kind: dict[str, list[Any]] = defaultdict(list)
    for task in tasks:
        for instance in task.instances:
            instance.resps, instance.filtered_resps = [], {}
            by_kind[instance.request_type] += [instance] * (instance.repeats or 1)
    for kind, instances in by_kind.items():
        answer: Callable[..., list[Any]] = getattr(lm, kind)
        for instance, said in zip(instances, answer(instances, disable_tqdm=True), strict=True):
            instance.resps.append(said)


def _by_document(task: Any) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for instance in task.instances:
        found[instance.doc_id].append(instance)
    return {number: sorted(some, key=lambda one: int(one.idx)) for number, some in found.items()}


def _is_number(said: Any) -> bool:
    """Of a text whether it was made of numbers; of a log-likelihood whether it is one."""
    if isinstance(said, str):
        return not said.startswith(_FAILED)
    return math.isfinite(said[0] if isinstance(said, tuple) else said)


def _digest(tasks: Sequence[Any]) -> str:
    """A hash of every request and its document: data, templates, examples and limit are in it."""
    found = hashlib.sha256()
    for task in tasks:
        for one in task.instances:
            found.update(repr((one.task_name, one.request_type, one.arguments, one.doc)).encode())
    return found.hexdigest()[:16]
