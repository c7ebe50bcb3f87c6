"""Ours against the published procedure, on the same weights and direction, in one process.

21 points, 80 harmful prompts, at most 512 new tokens, keyword verdicts compared one by one.

    python bench/speed_bench.py [--preset default long] [--radius 0.5 1.0] [--batch 4 80] [--quick]
    python bench/speed_bench.py --model MODEL --device cuda --dtype bfloat16 --batch 4 16 80 160

Every point is done by all in turn, so that a machine that is busy for a while is busy for all, and
the whole is repeated; the table has medians. The best batch is the best of those asked for.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import published
import torch
from clock import PARTS, Clock
from sides import Ours, Published, Side
from subjects import machine, organism

import safebasin as sb
from safebasin.models.load import LoadedModel, load
from safebasin.records import ModelRef
from safebasin.studies.landscape import plan
from safebasin.studies.plan import Plan
from safebasin.studies.run import run
from safebasin.studies.settings import ScanSettings


@dataclass
class Row:
    """One line of the table: every repetition of one model, radius and batch."""

    name: str
    radius: float
    batch: int
    theirs: list[Side] = field(default_factory=list)
    ours: list[Side] = field(default_factory=list)
    plain: list[Side] = field(default_factory=list)

    def ratio(self, sides: Sequence[Side]) -> float:
        """How many times faster, the median of the repetitions."""
        return median(a.seconds / b.seconds for a, b in zip(self.theirs, sides, strict=True))

    @property
    def times(self) -> str:
        """Seconds, ratios and verdicts."""
        theirs, ours = (median(s.seconds for s in sides) for sides in (self.theirs, self.ours))
        wrong = [
            sum(a != b for a, b in zip(self.theirs[0].refused, sides[0].refused, strict=True))
            for sides in (self.ours, self.plain)
        ]
        number = len(self.theirs[0].refused)
        return (
            f"| {self.name} | ±{self.radius} | {self.batch} | {theirs:.1f} s | {ours:.1f} s | "
            f"{self.ratio(self.ours):.1f} | {self.ratio(self.plain):.1f} | "
            f"{wrong[0]} and {wrong[1]} of {number:,} | {self.ours[0].decided / number:.0%} |"
        )

    @property
    def tokens(self) -> str:
        """What was paid, and what had to be."""
        theirs, ours = self.theirs[0], self.ours[0]
        return (
            f"| {self.name} | ±{self.radius} | {self.batch} | {theirs.paid:,} | "
            f"{theirs.needed:,} | {theirs.needed / theirs.paid:.1%} | "
            f"{theirs.paid / theirs.needed:.1f} | {ours.paid:,} | {theirs.paid / ours.paid:.1f} |"
        )


TIMES = (
    "| model | radius | batch | published | ours | ratio | without drafts | verdicts that differ, "
    "with and without drafts | decided early |\n|---|---|--:|--:|--:|--:|--:|--:|--:|"
)
TOKENS = (
    "| model | radius | batch | published: tokens | needed for the verdicts | share | most that "
    "stopping early can gain | ours: tokens | gained |\n|---|---|--:|--:|--:|--:|--:|--:|--:|"
)


def main() -> None:
    asked = arguments()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    rows: list[Row] = []
    clocks: list[tuple[str, float, Clock]] = []
    names = asked.model or [organism(preset) for preset in asked.preset]
    for place, name in enumerate(names):
        short = name if asked.model else asked.preset[place]
        pair = [load(ModelRef.parse(name), device=asked.device, dtype=asked.dtype) for _ in "12"]
        if not place:
            print(machine(pair[0].device), end="\n\n")
            print(TIMES, flush=True)
        for radius in asked.radius:
            planned = planning(asked, name, radius, pair[0])
            for row in compared(asked, short, planned, pair):
                rows.append(row)
                print(row.times, flush=True)
            clocks.append((short, radius, watched(planned, pair[0])))
    print(f"\n{TOKENS}", *(row.tokens for row in rows), sep="\n")
    print("\n" + shares_table(clocks))
    if not asked.model:
        print("\n" + demo(quick=asked.quick))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", nargs="+", default=["default", "long"])
    parser.add_argument("--model", nargs="+", help="instead of presets")
    parser.add_argument("--radius", type=float, nargs="+", default=[0.5, 1.0])
    parser.add_argument("--batch", type=int, nargs="+", default=[4, 80])
    parser.add_argument("--points", type=int, default=21)
    parser.add_argument("--prompts", type=int, default=80)
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--full-text", action="store_true", help="read every answer to its end")
    parser.add_argument("--repeat", type=int, default=3, help="at most")
    parser.add_argument("--budget", type=float, default=120, help="seconds; no repetition after it")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--quick", action="store_true", help="5 points, 16 prompts, once")
    asked = parser.parse_args()
    if asked.quick:
        asked.points, asked.prompts, asked.repeat = 5, 16, 1
    return asked


def planning(asked: argparse.Namespace, name: str, radius: float, loaded: LoadedModel) -> Plan:
    """What is asked, and where."""
    settings = ScanSettings(
        model=name,
        prompts="organism-harmful",
        radius=radius,
        points=asked.points,
        limit=asked.prompts,
        max_new_tokens=asked.tokens,
        full_text=asked.full_text,
    )
    return plan(settings, loaded)


def compared(
    asked: argparse.Namespace, name: str, planned: Plan, pair: Sequence[LoadedModel]
) -> Iterator[Row]:
    """A row for each batch size: ours with and without drafts, and the published procedure."""
    direction = published.direction_of(pair[1], planned.settings.rays.direction(0))
    pristine = {key: tensor.clone() for key, tensor in pair[1].model.state_dict().items()}
    for batch in asked.batch:
        row, start = Row(name, planned.settings.rays.radius, batch), time.perf_counter()
        while len(row.theirs) < asked.repeat:
            pair[1].model.load_state_dict(pristine)
            theirs = Published(planned, pair[1], batch, direction)
            ours = Ours(planned, pair[0], 80, drafting=True)
            plain = Ours(planned, pair[0], 80, drafting=False)
            for x in planned.settings.rays.axis_P:
                for side in (theirs, ours, plain):
                    side.point(x)
            row.theirs.append(theirs.side)
            row.ours.append(ours.side)
            row.plain.append(plain.side)
            if time.perf_counter() - start > asked.budget:
                break
        yield row


def watched(planned: Plan, loaded: LoadedModel) -> Clock:
    """Ours once more, with a clock."""
    with Clock().watching(loaded.model) as clock:
        ours = Ours(planned, loaded, 80, drafting=True)
        for x in planned.settings.rays.axis_P:
            ours.point(x)
    return clock


def shares_table(clocks: Sequence[tuple[str, float, Clock]]) -> str:
    """Where the time of ours goes."""
    parts = [part for part in PARTS if any(clock.spent[part] for _, _, clock in clocks)]
    lines = [
        f"| ours | radius | seconds | {' | '.join(parts)} | passes | tokens read |",
        "|---|---|--:|" + "--:|" * (len(parts) + 2),
    ]
    for name, radius, clock in clocks:
        whole = clock.spent.total()
        shares = " | ".join(f"{clock.spent[part] / whole:.1%}" for part in parts)
        lines.append(
            f"| {name} | ±{radius} | {whole:.1f} | {shares} | {clock.passes.total():,} | "
            f"{clock.read.total():,} |"
        )
    return "\n".join(lines)


def demo(*, quick: bool) -> str:
    """`safebasin scan` through the public function, and once more with a clock."""
    directions = 1 if quick else 5
    with TemporaryDirectory() as folder:
        start = time.perf_counter()
        sb.scan(directions=directions, out=Path(folder, "run"), progress=False)
        seconds = time.perf_counter() - start
        planned = plan(ScanSettings(directions=directions, out=Path(folder, "again")))
        with Clock().watching(planned.loaded.model) as clock:
            run(planned)
    responses = planned.work.responses
    return (
        f"`sb.scan()`, loading, both judges and the summary included: {responses:,} responses in "
        f"{seconds:.1f} s, {responses / seconds:,.0f} a second.\n\n"
        + shares_table([("the demo", 0.5, clock)])
    )


if __name__ == "__main__":
    main()
