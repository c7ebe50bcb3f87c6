"""The demo itself: time, share of store and overlay, peak memory; and the start-up time.

python bench/overhead_bench.py
"""

from __future__ import annotations

import contextlib
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import wraps
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from safebasin.seals import Sealing
from safebasin.store import Store, reading, writing
from safebasin.studies.landscape import plan, run_with_bar
from safebasin.studies.settings import ScanSettings
from safebasin.weights.overlay import Overlay

REPEATS = 5
SPENT: dict[str, float] = {"store": 0.0, "overlay": 0.0}


def timed(kind: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, with its time added to a total."""

    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        start = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            SPENT[kind] += time.perf_counter() - start

    return wrapper


@contextlib.contextmanager
def watched() -> Iterator[None]:
    """Time what the store and the overlay do."""
    watch = {
        (Store, "store"): ("add_responses", "add_verdicts", "add_prompts", "answered", "verdicts",
                           "responses", "remember", "recall"),
        (Overlay, "overlay"): ("_place", "_restore", "scales"),
    }  # fmt: skip
    originals = [
        (owner, name, getattr(owner, name)) for (owner, _), names in watch.items() for name in names
    ]
    for (owner, kind), names in watch.items():
        for name in names:
            setattr(owner, name, timed(kind, getattr(owner, name)))
    try:
        yield
    finally:
        for owner, name, function in originals:
            setattr(owner, name, function)


def main() -> None:
    with TemporaryDirectory() as folder:
        planned = plan(ScanSettings(out=Path(folder, "run")))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        start = time.perf_counter()
        with watched():
            found = run_with_bar(planned)
        scan = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        start = time.perf_counter()
        page = found.report()
        drawn = time.perf_counter() - start
        size = page.stat().st_size / 2**20
        seals = sealing(planned.folder, Path(folder))
    share = sum(SPENT.values()) / scan
    weights = planned.cost["weights_bytes"] / 2**20
    model = planned.loaded.model
    shape = model.config
    cache = (
        2 * shape.num_hidden_layers * shape.num_key_value_heads * shape.head_dim * 4
        * planned.settings.batch * (planned.settings.tokens + 64) / 2**20
    )  # fmt: skip
    print("| what | measured |\n|---|--:|")
    work = planned.work
    print(f"| scan, {work.responses:,} responses at {len(work.points)} points | {scan:.1f} s |")
    print(f"| page | {drawn:.1f} s, {size:.1f} MiB |")
    print(f"| seals of the store | {seals / scan:.2%} ({seals:.2f} s of the processor) |")
    parts = f"{SPENT['store']:.1f} s and {SPENT['overlay']:.1f} s"
    print(f"| store and overlay | {share:.1%} ({parts}) |")
    print(
        f"| peak memory above the loaded process | {after - before:.0f} MiB; the pristine copy is "
        f"{weights / 2:.0f}, the KV cache at most {cache:.0f} |"
    )
    print(f"| safebasin --help | {start_up():.2f} s (best of 5) |")


def sealing(run: Path, scratch: Path) -> float:
    """Seconds of the processor that the seals of a run take, as it writes and as it is opened.

    What the run holds is written again, in its own batches, with seals and without, by turns. The
    difference of the medians leaves out waiting for the disk, which is the same for both.
    """
    with reading(run) as store:
        points = sorted(store.answers_by_point())
        answers = {point: store.responses(point) for point in points}
        verdicts = {
            (j, point): store.verdicts(j, point) for j in store.judges() for point in points
        }
        request = store.request
    batch = 2 * int(request["decoding"]["batch_size"])

    def again(number: int) -> float:
        start = time.process_time()
        with writing(scratch / f"copy-{number}", request) as store:
            for point, rows in answers.items():
                for at in range(0, len(rows), batch):
                    store.add_responses(point, rows[at : at + batch])
            for (judge, point), found in verdicts.items():
                store.add_verdicts(judge, point, found)
        with reading(scratch / f"copy-{number}"):
            return time.process_time() - start

    seconds: dict[bool, list[float]] = {True: [], False: []}
    for number in range(2 * REPEATS):
        sealed = number % 2 == 0
        with nullcontext() if sealed else patched():
            seconds[sealed].append(again(number))
    return median(seconds[True]) - median(seconds[False])


@contextlib.contextmanager
def patched() -> Iterator[None]:
    """No seals are kept or checked inside the block."""
    with (
        patch.object(Sealing, "keep_seals", lambda _: None),
        patch("safebasin.store.require_undamaged", lambda *_: None),
    ):
        yield


def start_up() -> float:
    """Seconds until the help is there."""
    command = [str(Path(sys.executable).with_name("safebasin")), "--help"]
    times = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return min(times)


if __name__ == "__main__":
    main()
