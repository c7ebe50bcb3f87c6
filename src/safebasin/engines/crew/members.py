"""Workers as Ray's actors: started, asked, lost and replaced."""

from __future__ import annotations

import pickle
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from safebasin.engines.crew import host
from safebasin.engines.crew.agenda import Call
from safebasin.engines.crew.cluster import Places, authenticated, cluster, open_to_strangers
from safebasin.engines.crew.host import versions
from safebasin.engines.crew.recipe import Recipe
from safebasin.errors import FailedPointsError, ResourceError, SafebasinError, UsageError
from safebasin.memory import ran_out
from safebasin.models.shown import shown
from safebasin.points import Point

IN_HAND = 2
"""Calls that a worker has at a time, so that it need not wait for the next one."""

LOST_IN_A_ROW = 12
"""Workers that may be lost without anything being done in between."""

PATIENCE = 600.0
"""Seconds in which a worker must have come up where there is none."""


class LostError(FailedPointsError):
    """The worker that was asked is no more."""


@dataclass(eq=False)
class Member:
    """A worker, seen from here.

    Attributes:
        handle: Ray's.
        calls: in its hands, in the order in which it does them.
        standing: where it will stand once these are done.
        ready: whether its model is loaded.
    """

    handle: Any
    calls: deque[tuple[Any, Call]] = field(default_factory=deque)
    standing: Point | None = None
    ready: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a call. `unbegun` are those that a lost worker never came to."""

    call: Call
    value: Any = None
    error: SafebasinError | None = None
    unbegun: tuple[Call, ...] = ()


class Members:
    """All workers of a run; those that are lost are replaced.

    Args:
        asked: how many; None for as many as the cluster has GPUs, or pairs of processors.
        recipe: what they are made from.

    Raises:
        ResourceError, UsageError: see `cluster.cluster`.
    """

    def __init__(self, asked: int | None, recipe: Recipe) -> None:
        with ExitStack() as stack:
            self._places = stack.enter_context(
                cluster(asked, recipe.threads, on_gpus=recipe.device == "cuda")
            )
            import ray  # only now: it reads its settings once

            self._recipe = ray.put(pickle.dumps(recipe))
            self._make = _actor(self._places)
            self._starting: dict[Any, tuple[Member, Callable[[Member, Any], None]]] = {}
            self._all: list[Member] = []
            stack.callback(self._end)
            for _ in range(self._places.count):
                self._start()
            self._stack = stack.pop_all()
        self._lost_in_a_row = 0
        self._last = time.monotonic()

    def idle(self) -> Iterator[tuple[Member, set[Point | None], int]]:
        """Who can be given a call, with where the others stand and how many to leave for them."""
        for in_hand in range(IN_HAND):
            for member in self._all:
                if member.ready and len(member.calls) == in_hand:
                    others = {other.standing for other in self._all if other is not member}
                    yield member, others, in_hand * len(self._all)

    def give(self, member: Member, call: Call) -> None:
        """Have a call done."""
        ref = member.handle.call.remote(call.method, *call.arguments)
        member.calls.append((ref, call))
        member.standing = call.point

    @property
    def at_work(self) -> bool:
        """Whether anything is in anybody's hands."""
        return any(member.calls for member in self._all)

    def wait(self) -> list[Outcome]:
        """What has become of calls since; waits until there is something new.

        Raises:
            UsageError: a worker has other versions, or is open to strangers.
            ResourceError: no worker comes up, or one after another is lost.
            SafebasinError: a worker cannot be made.
        """
        import ray

        first = {member.calls[0][0]: member for member in self._all if member.calls}
        refs = [*first, *self._starting]
        found, _ = ray.wait(refs, num_returns=1, timeout=5.0)
        if not found and not any(member.ready for member in self._all):
            self._require_patience()
            return []
        outcomes = []
        for ref in found:
            self._last = time.monotonic()
            if ref in self._starting:
                self._go_on(ref)
            else:
                outcomes.append(self._outcome(first[ref]))
        return outcomes

    def close(self) -> None:
        """End all workers, and the cluster if it is ours."""
        self._stack.close()

    def _end(self) -> None:
        import ray

        for member in self._all:
            ray.kill(member.handle)
        self._all.clear()

    def _start(self) -> None:
        member = Member(self._make())
        self._all.append(member)
        self._starting[member.handle.about.remote()] = member, self._check

    def _check(self, member: Member, about: dict[str, Any]) -> None:
        """Before anything that was made here is opened there."""
        mine, its = versions(), about["versions"]
        different = ", ".join(
            f"{name} {shown(its[name])} ({mine[name]} here)"
            for name in mine
            if mine[name] != its[name]
        )
        if different:
            raise UsageError(
                f"the worker on {shown(about['host'])} has {different}: install the same "
                "versions on every machine"
            )
        if authenticated() and not about["authenticated"]:
            raise open_to_strangers(str(about["host"]))
        self._starting[member.handle.begin.remote(self._recipe)] = member, self._begun

    def _begun(self, member: Member, _: None) -> None:
        member.ready = True

    def _go_on(self, ref: Any) -> None:
        member, then = self._starting.pop(ref)
        value, error = _result(ref)
        if isinstance(error, LostError):
            self._replace(member, error)
        elif error is not None:
            raise error
        else:
            then(member, value)

    def _outcome(self, member: Member) -> Outcome:
        ref, call = member.calls.popleft()
        value, error = _result(ref)
        if isinstance(error, LostError):
            unbegun = tuple(call for _, call in member.calls)
            self._replace(member, error)
            return Outcome(call, error=error, unbegun=unbegun)
        self._lost_in_a_row = 0
        return Outcome(call, value, error)

    def _replace(self, member: Member, error: LostError) -> None:
        import ray

        self._all.remove(member)
        ray.kill(member.handle)  # it may only be out of reach
        self._lost_in_a_row += 1
        if self._lost_in_a_row >= LOST_IN_A_ROW:
            raise ResourceError(
                f"{LOST_IN_A_ROW} workers were lost one after another and nothing was done in "
                f"between ({error}): use fewer --workers, a smaller --batch-size or more memory"
            )
        self._start()

    def _require_patience(self) -> None:
        if time.monotonic() - self._last > PATIENCE:
            raise ResourceError(
                f"no worker came up within {PATIENCE / 60:.0f} minutes: see `ray status`, or ask "
                "for fewer --workers"
            )


def _actor(places: Places) -> Callable[[], Any]:
    """Makes one more worker's process."""
    import ray

    ray.cloudpickle.register_pickle_by_value(host)
    made = ray.remote(
        num_cpus=places.cpus,
        num_gpus=places.gpus,
        max_restarts=0,
        max_task_retries=0,
        scheduling_strategy="SPREAD",
    )(host.Host)
    return lambda: made.remote()


def _result(ref: Any) -> tuple[Any, SafebasinError | None]:
    """What a call gave, or why it did not."""
    import ray

    try:
        return ray.get(ref), None
    except ray.exceptions.RayTaskError as error:
        return None, _told(error.cause)
    except ray.exceptions.RayError as error:
        return None, LostError(f"the worker was lost: {shown(str(error).splitlines()[0])}")


def _told(error: Exception) -> SafebasinError:
    """What went wrong in a worker, as it is said here."""
    if isinstance(error, SafebasinError):
        return error
    if ran_out(error):
        return ResourceError("a worker is out of memory: use a smaller --batch-size")
    return FailedPointsError(f"a worker failed ({type(error).__name__}: {shown(error)})")
