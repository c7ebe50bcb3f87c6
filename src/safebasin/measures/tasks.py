"""Tasks of lm-eval by name or file: built once, with their requests, before any model is placed."""

from __future__ import annotations

import difflib
import importlib.util
import tempfile
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import Any

from safebasin.errors import InputRejectedError, ResourceError, SafebasinError, UsageError
from safebasin.measures.bounded import bounded
from safebasin.measures.quiet import SEED, undisturbed
from safebasin.measures.taskfile import is_file, is_local, read
from safebasin.models.shown import shown

OUT_OF_REACH = {"ConnectionError", "OfflineModeIsEnabled", "HTTPError", "TimeoutException",
                "TransportError", "LocalEntryNotFoundError"}  # fmt: skip
"""Errors that say that the hub, or a file of it, cannot be had."""


def build(name: str, *, limit: int | None, num_fewshot: int | None) -> list[Any]:
    """The lm-eval tasks behind a name or file, with the requests they will make.

    One for most names; for a group or tag, all that are in it. For the arguments see `Harness`.

    Raises:
        UsageError: no such task; near names are listed. Or a limit below 1, or examples below 0.
        InputRejectedError: the file, or what it names, is not fit to be used.
        ResourceError: lm-eval is not installed, or data is out of reach.
    """
    for what, value, least in (("limit", limit, 1), ("number of examples", num_fewshot, 0)):
        if value is not None and value < least:
            raise UsageError(f"a task's {what} is {value}; it must be at least {least}")
    if importlib.util.find_spec("lm_eval") is None:
        raise ResourceError(
            "tasks need lm-eval, which is not installed: pip install 'safebasin[capability]'"
        )
    if not is_file(name) and name not in _index().task_index:
        near = difflib.get_close_matches(name, _index().all_tasks, n=5, cutoff=0.6)
        hint = f"near it: {', '.join(near)}" if near else "`lm-eval ls tasks` lists all"
        raise UsageError(
            f"lm-eval has no task {shown(name)}; {hint}; a task of your own is a .yaml file"
        )
    try:
        with bounded(name) if is_file(name) else nullcontext():
            return _load(name, limit, num_fewshot)
    except (SafebasinError, MemoryError):
        raise
    except Exception as error:
        if _out_of_reach(error):
            raise ResourceError(
                f"the data of task {shown(name)} cannot be reached ({shown(error)}): connect to "
                "the hub once, or write a task file over a local file"
            ) from error
        raise InputRejectedError(
            f"task {shown(name)} cannot be built ({type(error).__name__}: {shown(error)}): "
            "mend it, or choose another"
        ) from error


def _load(name: str, limit: int | None, num_fewshot: int | None) -> list[Any]:
    """A file's documents go through a cache of their own, which is thrown away."""
    spec: Any = read(Path(name)) if is_file(name) else name
    local = is_file(name) and is_local(spec)
    with (
        tempfile.TemporaryDirectory(prefix="safebasin-") as folder,
        undisturbed(offline=local),
    ):
        from lm_eval.tasks import TaskManager

        if local:
            spec["dataset_kwargs"] |= {"cache_dir": folder, "keep_in_memory": True}
        manager = TaskManager(include_defaults=False) if is_file(name) else _index()
        tasks = [task for _, task in sorted(manager.load([spec])["tasks"].items())]
        for task in tasks:
            _require_harmless(name, task)
            fixed = task.get_config("num_fewshot")
            if fixed is None or (fixed != 0 and num_fewshot is not None):
                task.set_config(key="num_fewshot", value=num_fewshot or 0)
            task.set_fewshot_seed(seed=SEED)
            task.build_all_requests(limit=limit, rank=0, world_size=1)
    return tasks


def _require_harmless(name: str, task: Any) -> None:
    """Refuse what runs code of others, and what a language model cannot be asked."""
    graded = callable(task.get_config("process_results"))
    made = {} if graded else getattr(task, "_metric_fn_list", {})
    lacking = next((metric for metric in made if not made[metric]), None)
    for found, reason in (
        (getattr(task, "UNSAFE_CODE", False), "runs code that a model has written"),
        (lacking, f"has a metric {shown(lacking)}, which lm-eval lacks or would fetch as code"),
        (getattr(task, "MULTIMODAL", False), "asks of images or sound"),
    ):
        if found:
            raise InputRejectedError(f"task {shown(name)} {reason}: choose another")


def _out_of_reach(error: BaseException | None) -> bool:
    """Whether the hub, or a file of it, is behind an error."""
    return error is not None and (
        not OUT_OF_REACH.isdisjoint(kind.__name__ for kind in type(error).__mro__)
        or _out_of_reach(error.__cause__ or error.__context__)
    )


@cache
def _index() -> Any:
    """Every task that lm-eval knows; reading their files takes seconds, so it is done once."""
    with undisturbed(offline=True):
        from lm_eval.tasks import TaskManager

        return TaskManager()
