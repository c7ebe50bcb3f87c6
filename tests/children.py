"""Processes that run small studies and die at chosen moments.

They are forked from one server that has imported everything, so each starts in milliseconds.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import torch
import transformers.models.llama.modeling_llama  # noqa: F401 - so that no child has to

from safebasin import database, runfolder
from safebasin.store import Store
from safebasin.studies import landscape, path, surface
from safebasin.studies import run as running

torch.set_num_threads(1)

Patch = Callable[[], None]


@functools.cache
def context() -> Any:
    """A context whose server has imported this module.

    Python 3.11 gives the server no search path of its own, and passes over what it cannot find.
    """
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload([__name__])
    path = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    forkserver.ensure_running()
    if path is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = path
    return found


def start(target: Callable[..., None], *arguments: Any) -> Any:
    process = context().Process(target=target, args=arguments, daemon=True)
    process.start()
    return process


def run_scan(arguments: dict[str, Any], moment: str | None = None) -> None:
    """Scan into a folder; die at a moment, if one is named."""
    torch.set_num_threads(1)
    planned = landscape.plan(landscape.ScanSettings(**arguments))
    if moment is not None:
        MOMENTS[moment]()
    landscape.run(planned)


def run_map(study: str, arguments: dict[str, Any], moment: str | None = None) -> None:
    """Run a surface or a path into a folder; die at a moment, if one is named."""
    torch.set_num_threads(1)
    planned = (
        surface.plan(surface.SurfaceSettings(**arguments))
        if study == "surface"
        else path.plan(path.PathSettings(**arguments))
    )
    if moment is not None:
        MAP_MOMENTS[moment]()
    running.run(planned)


def run_command(arguments: list[str], errors: Path) -> None:
    """The command line, with standard error in a file."""
    from safebasin.cli import main

    torch.set_num_threads(1)
    sys.stdout = sys.stderr = errors.open("w")
    sys.argv = ["safebasin", *arguments]
    main()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _before(owner: Any, name: str, nth: int) -> Patch:
    """Die when `owner.name` is called for the nth time."""
    return lambda: _replace(owner, name, nth, before=True)


def _after(owner: Any, name: str, nth: int) -> Patch:
    """Die when the nth call of `owner.name` has returned."""
    return lambda: _replace(owner, name, nth, before=False)


def _replace(owner: Any, name: str, nth: int, *, before: bool) -> None:
    original, calls = getattr(owner, name), iter(range(1, 10_000))

    def patched(*arguments: Any, **named: Any) -> Any:
        call = next(calls)
        if call == nth and before:
            _die()
        found = original(*arguments, **named)
        if call == nth:
            _die()
        return found

    setattr(owner, name, patched)


def _inside_transaction(nth: int) -> Patch:
    """Die with everything written and nothing committed."""

    def patch() -> None:
        original, calls = Store._transaction, iter(range(1, 10_000))

        @contextmanager
        def transaction(self: Store) -> Iterator[Any]:
            with original(self) as connection:
                yield connection
                if next(calls) == nth:
                    _die()

        Store._transaction = transaction  # type: ignore[method-assign]

    return patch


def _half_the_tables() -> None:
    def create(connection: Any) -> None:
        connection.executescript("begin;" + database._TABLES.split(";")[0] + ";")
        _die()

    database._create = create  # type: ignore[assignment]


def _with_every_answer(responses: int, *, before: bool) -> Patch:
    """Die when there is every answer, before the next verdicts or after those."""

    def patch() -> None:
        original = Store.add_verdicts

        def add(self: Store, *arguments: Any) -> None:
            whole = self.counts()["responses"] == responses
            if whole and before:
                _die()
            original(self, *arguments)
            if whole:
                _die()

        Store.add_verdicts = add  # type: ignore[method-assign]

    return patch


MOMENTS: dict[str, Patch] = {
    "before run.json": _before(runfolder, "write_whole", 1),
    "with half a run.json": _before(os, "fsync", 1),
    "before the tables": _before(database, "_create", 1),
    "with half the tables": _half_the_tables,
    "before the prompts": _before(Store, "add_prompts", 1),
    "inside the transaction of the prompts": _inside_transaction(1),
    "after the prompts": _after(Store, "add_prompts", 1),
    "between generating and committing the first batch": _before(Store, "add_responses", 1),
    "inside the commit of the first batch": _inside_transaction(3),
    "after the commit of the first batch": _after(Store, "add_responses", 1),
    "between generating and committing a later batch": _before(Store, "add_responses", 2),
    "inside the commit of a later batch": _inside_transaction(4),
    "before the first verdicts": _before(Store, "add_verdicts", 1),
    "between two judges": _after(Store, "add_verdicts", 1),
    "after a point's last verdicts": _after(Store, "add_verdicts", 3),
    "with every answer, before the last verdicts": _with_every_answer(30, before=True),
    "with every answer, between the judges": _with_every_answer(30, before=False),
    "before the summary": _before(running, "write_whole", 1),
    "with half a summary": _before(os, "fsync", 1),
    "after the summary": _after(running, "write_whole", 1),
}
"""In the order in which one run that goes on after each of them comes to them."""

MAP_MOMENTS: dict[str, Patch] = {
    "before the lengths and angles": _before(Store, "remember", 1),
    "between these and the rest of the description": _after(Store, "remember", 1),
    "between generating and committing a batch": _before(Store, "add_responses", 3),
    "before the first measurements": _before(Store, "add_measurements", 1),
    "after the measurements of a point": _after(Store, "add_measurements", 2),
    "between two judges at a later point": _after(Store, "add_verdicts", 3),
    "before the summary": _before(running, "write_whole", 1),
}
"""The same for a map with a measure."""
