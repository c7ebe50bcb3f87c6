"""Tasks of lm-eval by name or file: built once, with their requests, before any model is placed."""

from __future__ import annotations

import difflib
import importlib.util
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from safebasin.errors import InputRejectedError, ResourceError, SafebasinError, UsageError
from safebasin.measures.bounded import bounded
from safebasin.measures.quiet import SEED, undisturbed
from safebasin.measures.taskfile import is_local, read
from safebasin.models.shown import shown

NEAR = 5


def require_harness() -> None:
    """Make sure that lm-eval is installed.

    Raises:
        ResourceError: it is not; the message has the command.
    """
    if importlib.util.find_spec("lm_eval") is None:
        raise ResourceError(
            "tasks need lm-eval, which is not installed: pip install 'safebasin[capability]'"
        )


def is_file(name: str) -> bool:
    """Whether a task is asked for by its file and not by its name."""
    return Path(name).suffix.lower() in (".yaml", ".yml")


def build(name: str, *, limit: int | None, num_fewshot: int | None) -> list[Any]:
    """The lm-eval tasks behind a name or file, with the requests they will make.

    Args:
        name: a task, group or tag of lm-eval, or the path of a task file.
        limit: at most so many documents of each task, the first ones; None for all.
        num_fewshot: worked examples before each question; None for what the task says. A task that
            says 0 keeps it.

    Returns:
        One for most names; for a group or tag, all that are in it.

    Raises:
        UsageError: no such task; near names are listed. Or a limit below 1, or examples below 0.
        InputRejectedError: the file, or what it names, is not fit to be used.
        ResourceError: lm-eval is not installed, or data is out of reach.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"a task's limit is {limit}; it must be at least 1")
    if num_fewshot is not None and num_fewshot < 0:
        raise UsageError(f"a task's number of examples is {num_fewshot}; it must be at least 0")
    require_harness()
    if is_file(name):
        with bounded(name):
            found = _from_file(name, read(Path(name)), limit, num_fewshot)
    else:
        index = _index()
        if name not in index.task_index:
            raise _unknown(name, index.all_tasks)
        with undisturbed(offline=False), confined():
            found = _load(name, lambda: index.load([name]), limit, num_fewshot)
    return found


@contextmanager
def confined() -> Iterator[None]:
    """Templates of lm-eval run in a sandbox, and no metric is fetched as code."""
    import evaluate
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment
    from lm_eval import utils

    sandbox = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    sandbox.filters["regex_replace"] = utils.regex_replace
    templates, fetch = utils.env, evaluate.load
    utils.env, evaluate.load = sandbox, _no_code
    try:
        yield
    finally:
        utils.env, evaluate.load = templates, fetch


def _no_code(path: str, *_: Any, **__: Any) -> Any:
    raise InputRejectedError(
        f"metric {shown(path)} would be fetched as code: choose a task whose metrics lm-eval has"
    )


def _from_file(
    name: str, config: Mapping[str, Any], limit: int | None, num_fewshot: int | None
) -> list[Any]:
    """A file's documents go through a cache of their own, which is thrown away."""
    from lm_eval.tasks import TaskManager

    local = is_local(config)
    with (
        tempfile.TemporaryDirectory(prefix="safebasin-") as cache_dir,
        undisturbed(offline=local),
        confined(),
    ):
        kwargs = dict(config["dataset_kwargs"])
        if local:
            kwargs |= {"cache_dir": cache_dir, "keep_in_memory": True}
        spec = {**config, "dataset_kwargs": kwargs}
        manager = TaskManager(include_defaults=False)
        return _load(name, lambda: manager.load([spec]), limit, num_fewshot)


def _load(
    name: str, load: Callable[[], Any], limit: int | None, num_fewshot: int | None
) -> list[Any]:
    try:
        tasks = [task for _, task in sorted(load()["tasks"].items())]
        for task in tasks:
            _require_harmless(name, task)
            _build_requests(task, limit, num_fewshot)
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
    return tasks


def _build_requests(task: Any, limit: int | None, num_fewshot: int | None) -> None:
    import lm_eval.api.task

    fixed = task.get_config("num_fewshot")
    if num_fewshot is not None and fixed != 0:
        task.set_config(key="num_fewshot", value=num_fewshot)
    elif fixed is None:
        task.set_config(key="num_fewshot", value=0)
    task.set_fewshot_seed(seed=SEED)
    bar = lm_eval.api.task.tqdm
    lm_eval.api.task.tqdm = lambda documents, **_: documents
    try:
        task.build_all_requests(limit=limit, rank=0, world_size=1)
    finally:
        lm_eval.api.task.tqdm = bar


def _require_harmless(name: str, task: Any) -> None:
    if getattr(task, "UNSAFE_CODE", False):
        raise InputRejectedError(
            f"task {shown(name)} runs code that a model has written: choose another"
        )
    lacking = [metric for metric, made in getattr(task, "_metric_fn_list", {}).items() if not made]
    if lacking and not callable(task.get_config("process_results")):
        raise InputRejectedError(
            f"task {shown(name)} has a metric {shown(lacking[0])}, which lm-eval lacks or would "
            "fetch as code: choose one that it has"
        )
    if getattr(task, "MULTIMODAL", False):
        raise InputRejectedError(f"task {shown(name)} asks of images or sound: choose another")


def _out_of_reach(error: BaseException | None) -> bool:
    """Whether the hub, or a file of it, is behind an error."""
    while error is not None:
        names = {kind.__name__ for kind in type(error).__mro__}
        if names & {"ConnectionError", "OfflineModeIsEnabled", "HTTPError", "TimeoutException",
                    "TransportError", "LocalEntryNotFoundError"}:  # fmt: skip
            return True
        error = error.__cause__ or error.__context__
    return False


@cache
def _index() -> Any:
    """Every task that lm-eval knows; reading their files takes seconds, so it is done once."""
    with undisturbed(offline=True):
        from lm_eval.tasks import TaskManager

        return TaskManager()


def _unknown(name: str, names: Sequence[str]) -> UsageError:
    near = difflib.get_close_matches(name, names, n=NEAR, cutoff=0.6)
    hint = f"near it: {', '.join(near)}" if near else "`lm-eval ls tasks` lists all"
    return UsageError(
        f"lm-eval has no task {shown(name)}; {hint}; a task of your own is a .yaml file"
    )
