"""How time grows with prompts, points and parameters, for ours and the published procedure at its
batch of 80; `workers_bench.py` is about workers.

    python bench/scaling_bench.py [--figure bench/scaling.svg] [--quick]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import matplotlib as mpl
import published
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator
from sides import Ours, Published
from subjects import machine

from safebasin.models.load import LoadedModel, load
from safebasin.models.organism.build import build
from safebasin.models.organism.recipe import PRESETS, Stage
from safebasin.models.surroundings import quiet_and_offline
from safebasin.records import ModelRef
from safebasin.report.figures.style import METADATA, STYLE, WIDTH
from safebasin.report.palette import LIGHT
from safebasin.studies.landscape import plan
from safebasin.studies.settings import ScanSettings

BATCH = 80
NOTHING = Stage(steps=0, rate=0.0)
TITLES = {
    "prompts": "21 points",
    "points": "80 prompts",
    "parameters": "not trained; 5 points,\n16 prompts, 64 tokens",
}


class Measured(NamedTuple):
    """Seconds of both at one size, and the tokens they computed."""

    size: int
    ours: float
    theirs: float
    our_tokens: int
    their_tokens: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--figure", type=Path, default=Path(__file__).with_name("scaling.svg"))
    parser.add_argument("--model", default="organism:chat", help="for prompts and points")
    parser.add_argument("--preset", nargs="+", default=["default", "10m", "100m"])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--quick", action="store_true", help="small sizes, and no picture")
    asked = parser.parse_args()
    pair = [load(ModelRef.parse(asked.model), device=asked.device) for _ in "12"]
    print(machine(pair[0].device), end="\n\n")
    prompts, points = ((4, 8), (3, 5)) if asked.quick else ((10, 20, 40, 80), (5, 11, 21, 41))
    found = {
        "prompts": table("prompts", prompts, lambda n: both(pair, limit=n, points=points[-2])),
        "points": table("points", points, lambda n: both(pair, limit=prompts[-1], points=n)),
        "parameters": parameters(asked.preset[: 2 if asked.quick else None], asked.device),
    }
    if not asked.quick:
        draw(found, asked.figure)
        print(f"The picture: {asked.figure}")


def table(
    what: str, sizes: Sequence[int], measure: Callable[[int], tuple[Any, Any]]
) -> list[Measured]:
    """Measure at each size, and print as it comes."""
    print(f"| {what} | ours | published | ratio | tokens, ours | tokens, published |")
    print("|--:|--:|--:|--:|--:|--:|", flush=True)
    rows = []
    for size in sizes:
        ours, theirs = measure(size)
        row = Measured(size, ours.seconds, theirs.seconds, ours.paid, theirs.paid)
        rows.append(row)
        print(
            f"| {size:,} | {row.ours:.2f} s | {row.theirs:.2f} s | {row.theirs / row.ours:.1f} | "
            f"{row.our_tokens:,} | {row.their_tokens:,} |",
            flush=True,
        )
    print()
    return rows


def both(
    pair: Sequence[LoadedModel], *, limit: int, points: int, tokens: int = 512
) -> tuple[Any, Any]:
    """One direction by both, point by point in turn."""
    settings = ScanSettings(
        model=str(pair[0].ref),
        prompts="organism-harmful",
        points=points,
        limit=limit,
        max_new_tokens=tokens,
    )
    planned = plan(settings, pair[0])
    direction = published.direction_of(pair[1], planned.settings.rays.direction(0))
    pristine = {name: tensor.clone() for name, tensor in pair[1].model.state_dict().items()}
    theirs = Published(planned, pair[1], BATCH, direction)
    ours = Ours(planned, pair[0], BATCH, drafting=True)
    for x in planned.settings.rays.axis_P:
        theirs.point(x)
        ours.point(x)
    pair[1].model.load_state_dict(pristine)
    return ours.side, theirs.side


def parameters(presets: Sequence[str], device: str) -> list[Measured]:
    """Networks of the presets' shapes before training, whose answers are of full length."""
    by_size = {PRESETS[name].parameters: name for name in presets}

    def measure(size: int) -> tuple[Any, Any]:
        recipe = replace(PRESETS[by_size[size]], base=NOTHING, chat=NOTHING)
        with TemporaryDirectory() as folder:
            with quiet_and_offline():
                build(Path(folder, "pair"), recipe=recipe, device=device)
            name = ModelRef.parse(str(Path(folder, "pair", "chat")))
            pair = [load(name, device=device) for _ in "12"]
            return both(pair, limit=16, points=5, tokens=64)

    return table("parameters", list(by_size), measure)


def draw(found: dict[str, list[Measured]], file: Path) -> None:
    """One panel for each way to grow; both axes are logarithmic, so a straight line is a power."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 0.45 * WIDTH), layout="constrained")
        every = figure.subplots(1, len(found))
        for axes, (what, rows) in zip(every, found.items(), strict=True):
            sizes = [row.size for row in rows]
            axes.plot(sizes, [r.ours for r in rows], "o-", color=LIGHT["run-b"], label="ours")
            axes.plot(
                sizes, [r.theirs for r in rows], "s--", color=LIGHT["run-c"],
                label=f"published procedure, batch {BATCH}",
            )  # fmt: skip
            axes.set(xscale="log", yscale="log", xlabel=what, title=TITLES[what])
            axes.set_xticks(sizes, [_short(size) for size in sizes], minor=False)
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda seconds, _: f"{seconds:g}"))
            axes.minorticks_off()
        every[0].set_ylabel("seconds")
        handles, names = every[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=2, frameon=False)
        figure.savefig(file, metadata=METADATA[file.suffix])


def _short(size: int) -> str:
    return f"{size / 1e6:.0f} M" if size > 1e5 else str(size)


if __name__ == "__main__":
    main()
