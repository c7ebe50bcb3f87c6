"""A Ray cluster: the one that is named, or one of our own on this machine for as long as we run."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from safebasin.engines.crew.warden import watched
from safebasin.errors import LockedError, ResourceError, UsageError
from safebasin.lock import only_writer
from safebasin.models.shown import shown

OLDEST = (2, 52)
"""Before it, Ray has no authentication: whoever reaches a cluster runs code on it."""

CORES_EACH = 2
"""Processors for each worker where nobody says how many there shall be and there is no GPU."""

_SHORT = "/tmp"  # noqa: S108 - a folder of our own is made in it
"""Ray's sockets lie below this folder, and the path of a socket must be short."""

_PREFIX = "sb-"
"""Of our folder's name, which the number of our process follows."""

_INNER = "r"
"""Ray's folder in ours: Ray lets everybody write to its own, and ours lets nobody else through."""

_OURS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_worker_niceness": "0",  # workers do the work, and are not to stand back for others
    # Despite its name this decides on Linux too whether a node may have an address of the network.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
}


@dataclass(frozen=True)
class Places:
    """How many workers there are, and what each of them takes.

    Attributes:
        count: of workers.
        cpus: that each reserves.
        gpus: that each reserves; a fraction where several share one.
    """

    count: int
    cpus: int
    gpus: float = 0.0


def require_ray() -> None:
    """Make sure that Ray is installed and knows authentication.

    Raises:
        ResourceError: it is not, or is too old; the message has the command.
    """
    try:
        found = version("ray")
    except PackageNotFoundError:
        raise ResourceError(
            "workers need Ray, which is not installed: pip install 'safebasin[ray]'"
        ) from None
    if tuple(int(part) for part in found.split(".")[:2]) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise ResourceError(
            f"Ray {found} has no authentication, so others could run code on the workers: "
            f"pip install 'ray>={oldest}'"
        )


@contextmanager
def cluster(asked: int | None, threads: int, *, on_gpus: bool) -> Iterator[Places]:
    """Join the cluster that RAY_ADDRESS names, or run one here; inside the block Ray can be used.

    A cluster of our own listens on the loopback interface alone, asks for a token that only its own
    processes have, reports nothing to anybody, and ends with the block.

    Args:
        asked: how many workers; None for one on each GPU, or for every two processors.
        threads: of each worker, where it is on a CPU.
        on_gpus: whether each worker needs a GPU or a part of one.

    Raises:
        ResourceError: Ray is not there, or the cluster cannot be reached.
        UsageError: the cluster is open to strangers, or too small.
    """
    require_ray()
    address = os.environ.get("RAY_ADDRESS")
    if not address:
        _set_surroundings()
    import ray

    if ray.is_initialized():  # by whoever called us, who also ends it
        _require_closed(ray.nodes())
        yield _places(ray.cluster_resources(), asked, threads, on_gpus=on_gpus)
        return
    _sweep(Path(_SHORT))
    name = f"{_PREFIX}{os.getpid()}-"
    with (
        tempfile.TemporaryDirectory(prefix=name, dir=_SHORT, ignore_cleanup_errors=True) as own,
        only_writer(Path(own)),
        nullcontext() if address else watched(Path(own)),
    ):
        try:
            with _signals_kept():
                if address:
                    _join(address)
                else:
                    _start(asked, threads, on_gpus=on_gpus, folder=f"{own}/{_INNER}")
            _require_closed(ray.nodes())
            yield _places(ray.cluster_resources(), asked, threads, on_gpus=on_gpus)
        finally:
            ray.shutdown()


def _sweep(folder: Path) -> None:
    """Remove what programs that were killed have left of their clusters.

    A container has process numbers of its own, and may share the folder: the lock decides.
    """
    for left in folder.glob(f"{_PREFIX}*-*"):
        pid = left.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdigit() and not _is_alive(int(pid)):
            with suppress(LockedError, OSError), only_writer(left):
                shutil.rmtree(left, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as error:
        return isinstance(error, PermissionError)  # it is somebody else's
    return True


def authenticated() -> bool:
    """Whether this process shows a token to the cluster, and asks for it."""
    return os.environ.get("RAY_AUTH_MODE", "").lower() == "token"


def open_to_strangers(address: str) -> UsageError:
    """What is said of a cluster that others could run code on."""
    return UsageError(
        f"the Ray cluster at {shown(address)} can be reached over the network without a token, so "
        "others could run code on it: start it with RAY_AUTH_MODE=token on every machine "
        "(docs/scaling.md)"
    )


def _join(address: str) -> None:
    import ray

    if "://" in address:
        raise UsageError(
            f"RAY_ADDRESS is {shown(address)}; run safebasin on a machine of the cluster, with "
            "RAY_ADDRESS=auto"
        )
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise ResourceError(
            f"the Ray cluster at {shown(address)} does not answer ({shown(error)}): start it, or "
            "unset RAY_ADDRESS to run on this machine"
        ) from error


def _start(asked: int | None, threads: int, *, on_gpus: bool, folder: str) -> None:
    import ray

    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    ray.init(
        address="local",
        num_cpus=max(cpus or 1, (asked or 1) * threads),
        num_gpus=None if on_gpus else 0,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        _node_ip_address="127.0.0.1",
        _temp_dir=folder,
    )


def _places(
    resources: dict[str, float], asked: int | None, threads: int, *, on_gpus: bool
) -> Places:
    """Where workers go.

    Raises:
        UsageError: there is no room for them.
    """
    cpus, gpus = int(resources.get("CPU", 0)), int(resources.get("GPU", 0))
    if on_gpus:
        if not gpus:
            raise UsageError("the Ray cluster has no GPU: use --device cpu, or start it with GPUs")
        count = asked or gpus
        on_each = -(-count // gpus)
        return Places(count, 1, 1.0 if on_each == 1 else 10_000 // on_each / 10_000)
    count = asked or max(1, cpus // max(CORES_EACH, threads))
    if count * threads > cpus:
        raise UsageError(
            f"--workers {count} need {count * threads} processors, and the Ray cluster has {cpus}: "
            "ask for fewer"
        )
    return Places(count, threads)


def _require_closed(nodes: list[dict[str, Any]]) -> None:
    """Make sure that nobody on the network can use the cluster without a token.

    Raises:
        UsageError: somebody can.
    """
    for node in nodes:
        address = str(node["NodeManagerAddress"])
        if node["Alive"] and not authenticated() and not _is_loopback(address):
            raise open_to_strangers(address)


def _is_loopback(address: str) -> bool:
    return address.startswith("127.") or address in ("::1", "localhost")


def _set_surroundings() -> None:
    """Settings of a cluster of our own; what a person set stands.

    They stay set: Ray reads most of them once, when it is imported. Where it is imported already,
    its own rules hold, and `_require_closed` looks at what came of them.
    """
    if "ray" in sys.modules:
        return
    for name, value in _OURS.items():
        os.environ.setdefault(name, value)
    if os.environ.setdefault("RAY_AUTH_MODE", "token") == "token" and not (
        {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & set(os.environ)
    ):
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Ray puts a handler of its own in the place of ours."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
