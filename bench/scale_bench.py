"""A run of 10,000 points and a million responses: how long a summary and a page take.

python bench/scale_bench.py [--side 100] [--prompts 100]

The store is filled with drawn answers; each step runs in a process of its own, whose peak memory is
printed with it.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from synthetic import prompts_of, synthetic_store

import safebasin as sb
from safebasin.points import Direction
from safebasin.studies.axis import coordinates
from safebasin.studies.grid import Axis, Grid

JUDGES = ("coherence", "keyword")
GEOMETRY = {"steps": [1.0, 1.0], "cosine": 0.0, "cosine_worst": 0.0, "places": {}}
LOADED = {
    "model": {"architecture": "drawn", "parameters": 1, "moved_parameters": 1},
    "versions": {},
    "notes": [],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=100)
    parser.add_argument("--prompts", type=int, default=100)
    asked = parser.parse_args()
    values = coordinates(
        "--x", ",".join(map(str, range(-(asked.side // 2), (asked.side + 1) // 2)))
    )
    grid = Grid(
        (
            Axis(Direction(0), "random direction 0", values),
            Axis(Direction(1, orthogonal_to=0), "random direction 1", values),
        )
    )
    with TemporaryDirectory() as temporary:
        folder = Path(temporary) / "run"
        rows = [timed("fill the store", fill, folder, grid, asked.prompts)]
        rows.append(timed("summary", summary, folder))
        rows.append(timed("summary and page", page, folder))
        size = (folder / "report.html").stat().st_size / 2**20
        points, responses = len(grid.plan), len(grid.plan) * asked.prompts
        print(f"{points:,} points, {responses:,} responses, page of {size:.1f} MiB\n")
        print("| step | seconds | peak memory of the process, MiB |\n| :-- | --: | --: |")
        for name, seconds, peak in rows:
            print(f"| {name} | {seconds:.1f} | {peak:.0f} |")


def timed(name: str, step: Any, *arguments: Any) -> tuple[str, float, float]:
    """How long a step takes, and the peak memory of a fresh process that does it."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        seconds, peak = pool.submit(_measured, step, arguments).result()
    return name, seconds, peak


def _measured(step: Any, arguments: tuple[Any, ...]) -> tuple[float, float]:
    started = time.perf_counter()
    step(*arguments)
    seconds = time.perf_counter() - started
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fill(folder: Path, grid: Grid, prompts: int) -> None:
    synthetic_store(
        folder,
        points=[point.key for point in grid.plan],
        prompts=prompts_of(prompts),
        judges=JUDGES,
        request=request(grid, prompts),
        facts={"geometry": GEOMETRY, "loaded": LOADED},
    )


def request(grid: Grid, prompts: int) -> dict[str, Any]:
    """As a surface would freeze it."""
    side = {"source": "drawn", "n": prompts // 2, "duplicates": 0, "digest": "0"}
    digests = ("name", "weights_digest", "settings_digest", "chat_template_digest")
    return {
        "study": "surface",
        "grid": grid.to_json(),
        "model": dict.fromkeys((*digests, "dtype", "device"), "drawn"),
        "system": None,
        "prompts": {"harmful": side, "benign": side},
        "judges": list(JUDGES),
        "engine": {"name": "drawn"},
        "decoding": {},
    }


def summary(folder: Path) -> None:
    sb.open_run(folder)


def page(folder: Path) -> None:
    sb.open_run(folder).report()


if __name__ == "__main__":
    main()
