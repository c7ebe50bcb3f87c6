"""Workers against one another: time of the same run by one and by two, and what a start costs.

python bench/workers_bench.py [REPEATS [POINTS]]

The organism, full answers, one thread a worker. Each repeat is a whole run by one worker and one by
two, in turn; the time is that from the first answer after the origin to the last verdict, so that
starting Ray and loading the model, which a real run does once in hours, are told apart. On two
processors the program, which judges, has to share them with two workers.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

os.environ["OMP_NUM_THREADS"] = "1"

from safebasin.evaluate import Tick
from safebasin.store import reading
from safebasin.studies.landscape import plan, run
from safebasin.studies.settings import ScanSettings

WORKERS: tuple[int | None, ...] = (None, 1, 2)


def main(repeats: int = 3, points: int = 41) -> None:
    """Print the table."""
    took: dict[int | None, list[tuple[float, float]]] = {workers: [] for workers in WORKERS}
    digests = set()
    with TemporaryDirectory() as folder:
        for repeat in range(repeats):
            for workers in WORKERS:
                out = Path(folder) / f"{workers}-{repeat}"
                start, work, digest = measured(workers, points, out)
                took[workers].append((start, work))
                digests.add(digest)
                print(f"{workers or 'no'} workers: {start:.1f} s to start, {work:.1f} s of work")
    print(
        f"\n{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, {points} points, ", end=""
    )
    print(f"median of {repeats}; contents differ in {len(digests) - 1} of {len(WORKERS)}")
    print("| workers | start, s | work, s | against one worker |\n|---|---|---|---|")
    one = median(work for _, work in took[1])
    for workers, times in took.items():
        start, work = (median(column) for column in zip(*times, strict=True))
        print(f"| {workers or 'none'} | {start:.1f} | {work:.1f} | {one / work:.2f}× |")
    ratios = [a / b for (_, a), (_, b) in zip(took[1], took[2], strict=True)]
    print(f"2 workers against 1, repeat by repeat: {', '.join(f'{r:.2f}×' for r in ratios)}")


def measured(workers: int | None, points: int, out: Path) -> tuple[float, float, str]:
    """Seconds until the origin is judged, seconds of what follows, and the run's digest."""
    settings = ScanSettings(
        out=out, workers=workers, directions=1, points=points, radius=1.0, full_text=True
    )
    planned = plan(settings)
    began = time.perf_counter()
    judged: list[float] = []

    def note(tick: Tick) -> None:
        if tick.note:
            judged.append(time.perf_counter())

    run(planned, note)
    with reading(out) as store:
        digest = store.digest()
    return judged[0] - began, judged[-1] - judged[0], digest


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
