"""The effects that the organism shows, each with its control, as tables with 95 % intervals.

python bench/effects_bench.py [--quick] [--out FOLDER]

With --out, finished runs are kept and read again.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import safebasin as sb
from safebasin.report.formatting import Ruler, number, percent, percent_interval, score, share
from safebasin.stats.curve import curve
from safebasin.store import reading
from safebasin.studies.rays import Rays
from safebasin.studies.summaries.scan import along_rays
from safebasin.studies.summaries.shares import shares

SYSTEMS = {name: {"system": name} for name in ("plain", "safe", "persona")}
WRAPPERS = {name: {"jailbreak": name} for name in ("story", "override")}
CONDITIONS: dict[str, dict[str, dict[str, str]]] = {
    "organism-harmful": {"none": {}, "none, again": {}, **SYSTEMS, **WRAPPERS},
    "organism-harmful-code": {"none": {}, "safe": SYSTEMS["safe"], "persona": SYSTEMS["persona"]},
}
NEAR = (-0.2, -0.1, 0.0, 0.1, 0.2)
SMALL = (0.05, 0.1, 0.15, 0.2)
TESTED = {"visage": 1, "safety_edge": 2, "capability_edge": 2, "origin_harmful": 1}
"""What scans are compared in, and with how many decimals."""


@dataclass(frozen=True)
class Bench:
    """Where runs go, and how large they are."""

    folder: Path
    directions: int
    limit: int

    def scan(self, name: str, model: str = "organism:chat", **asked: Any) -> Any:
        return sb.scan(model, **self._asked(name), **{"directions": self.directions, **asked})

    def path(self, name: str, first: str, second: str, x: str) -> Any:
        return sb.path(first, second, x=x, **self._asked(name))

    def _asked(self, name: str) -> dict[str, Any]:
        return {"out": self.folder / name, "limit": self.limit, "progress": False}


def conditions(bench: Bench, prompts: str) -> None:
    """Scores, nearby shares and differences under system prompts and in jailbreaks."""
    runs = {
        name: bench.scan(f"{prompts} {name}", prompts=prompts, points=11, **asked)
        for name, asked in CONDITIONS[prompts].items()
    }
    title(f"{prompts}: scores")
    head("", "VISAGE", "safety edge", "capability edge", "which falls first")
    for name, run in runs.items():
        row(name, *scores(run.summary), run.summary.ordering.replace("_", " "))
    for label in ("refused", "complied"):
        title(f"{prompts}: {label}, by α")
        head("", *(number(x, 1) for x in NEAR))
        for name, run in runs.items():
            row(name, *(at(run.summary, label, x) for x in NEAR))
    found = sb.compare(*runs.values(), out=bench.folder / f"{prompts} compared").summary
    title(f"{prompts}: difference from *none*, and p after Holm's correction")
    head("", "VISAGE", "safety edge", "capability edge", "refused at 0, points")
    for name, each in zip([*runs][1:], found.differences, strict=True):
        row(name, *(difference(each, tested) for tested in TESTED))


def scores(summary: Any) -> Iterator[str]:
    """VISAGE and the edges."""
    ruler = Ruler.of(summary.axis_P)
    visage = score(summary.scores.visage)
    yield f"{visage.value} {visage.interval}"
    for name in ("safety_edge", "capability_edge"):
        written = ruler.edge(getattr(summary.scores, name))
        yield f"{written.value} {written.interval}".rstrip()


def at(summary: Any, label: str, x: float) -> str:
    """A share of the responses to harmful prompts at a place on the axis."""
    p = int(np.argmin(np.abs(np.array(summary.axis_P) - x)))
    found = getattr(summary.curves["harmful"], label)
    return interval(found.mean_P[p], found.low_P[p], found.high_P[p])


def difference(each: Any, tested: str) -> str:
    """One difference with its interval and corrected p-value."""
    estimate = each.origin["harmful"].difference if "origin" in tested else getattr(each, tested)
    p, decimals = each.adjusted[tested], TESTED[tested]
    if p is None or estimate.value is None:
        return "undefined"
    scale = 100 if "origin" in tested else 1
    value, low, high = (
        number(scale * bound, decimals, signed=True)
        for bound in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value} [{low}, {high}], p {'< 0.001' if p < 0.001 else f'= {p:.2g}'}"


def sensitivity(bench: Bench) -> None:
    """How many prompts change sides near the origin: plain ones, and inside jailbreaks."""
    title(
        "harmful prompts that are refused or answered at the origin: how many change sides nearby"
    )
    head("", "at 0", "nearby", *(f"±{x:g}" for x in SMALL))
    for name, asked in {"none": {}, **WRAPPERS}.items():
        run = bench.scan(f"near {name}", radius=0.2, points=9, **asked)
        hits, cluster_Q, rays = harmful(run.folder)
        for was, now in (("refused", "complied"), ("complied", "refused")):
            of_Q = hits[was][0, rays.middle] == 1
            if of_Q.any():
                cells = changed(hits[now][..., of_Q], cluster_Q[of_Q], rays)
                row(name, f"{of_Q.sum()} of {of_Q.size} {was}", now, *cells)


def harmful(folder: Path) -> tuple[dict[str, Any], Any, Rays]:
    """What became of each harmful prompt in a scan, over D × P × Q, and the prompts' clusters."""
    with reading(folder) as store:
        rays = Rays(**store.request["rays"])
        side = shares(store, [point.key for point in rays.plan])["harmful"]
    return along_rays(side, rays), side.cluster_Q, rays


def changed(hit_DPQ: Any, cluster_Q: Any, rays: Rays) -> Iterator[str]:
    """Shares at each small distance, a direction's two sides taken together.

    What was at the origin is so by choice of the prompts; the intervals are for such prompts.
    """
    folded_DPQ = (hit_DPQ + hit_DPQ[:, ::-1]) / 2
    found = curve(folded_DPQ, cluster_Q, seed=0)
    for x in SMALL:
        p = rays.axis_P.index(x)
        yield interval(found.mean_P[p], found.low_P[p], found.high_P[p])


def line(bench: Bench) -> None:
    """From chat to base, and the controls: nowhere, and as far along random directions."""
    found = bench.path("line", "organism:chat", "organism:base", "0:1:11").summary
    title("organism:chat to organism:base")
    head("position", "refused", "complied", "incoherent", "benign: complied")
    cells = [found.curves["harmful"].refused, found.curves["harmful"].complied]
    cells += [found.curves["harmful"].incoherent, found.curves["benign"].complied]
    for p, x in enumerate(found.axis.values):
        row(number(x, 1), *(interval(c.mean_P[p], c.low_P[p], c.high_P[p]) for c in cells))
    ruler = Ruler.onward(found.axis.values)
    falls = (ruler.edge(found.scores.refusals_fall), ruler.edge(found.scores.coherence_falls))
    print(f"\nRefusals fall at {falls[0].value} {falls[0].interval}, ", end="")
    print(f"coherence at {falls[1].value}: {found.ordering.replace('_', ' ')}.")
    base = bench.scan("base", "organism:base", points=11)
    end = sb.Point(((displacement(bench.folder / "line"), 1.0),)).key
    same = agreeing(bench.folder / "line", end, base.folder, "origin")
    print(f"At 1, {same} responses are those of organism:base.")
    still = bench.path("nowhere", "organism:chat", "organism:chat", "0:1:11")
    print(f"On the line to itself, {unmoved(still.folder)} responses are those at 0.")
    controls(bench, found.axis.step)


def controls(bench: Bench, step: float) -> None:
    """Random directions: as far as base is, and where they too lose refusals."""
    title(f"random directions as long as the way to organism:base, {number(step, 3)}, and longer")
    head("", "refused", "complied", "incoherent")
    near = bench.scan("as far", directions=2 * bench.directions, radius=step, points=3).summary
    wide = bench.scan("organism-harmful none", prompts="organism-harmful", points=11).summary
    for found, distances in ((near, [step]), (wide, [0.3, 0.4, 0.5])):
        for x in (side * distance for distance in distances for side in (-1, 1)):
            labels = ("refused", "complied", "incoherent")
            row(number(x, 3), *(at(found, label, x) for label in labels))
    lowest = min(min(row_P) for row_P in near.curves["harmful"].refused.directions_DP)
    print(f"\nFewest refusals at {number(step, 3)} in any direction: {percent(lowest)}.")


def base(bench: Bench) -> None:
    """A model without safety training beside one with it."""
    title("a base model has no floor")
    head("", "refused at 0", "VISAGE", "safety edge", "capability edge")
    chat = bench.scan("organism-harmful none", prompts="organism-harmful", points=11).summary
    other = bench.scan("base", "organism:base", points=11).summary
    for name, found in (("organism:chat", chat), ("organism:base", other)):
        refused = share(found.origin["harmful"]["refused"])
        row(name, f"{refused.value} {refused.interval}", *scores(found))


def zero(bench: Bench) -> None:
    """A direction of no length to speak of."""
    title("directions of almost no length")
    found = bench.scan("zero", radius=1e-6, points=5)
    print(f"Within ±0.000001, {unmoved(found.folder)} responses are those at 0.")


def displacement(folder: Path) -> Any:
    """The way that a line goes."""
    from safebasin.studies.grid import Grid

    with reading(folder) as store:
        return Grid.from_json(store.request["grid"]).axes[0].way


def unmoved(folder: Path) -> str:
    """How many responses of a run are token for token those at its origin."""
    with reading(folder) as store:
        points = [key for key in store.answers_by_point() if key != "origin"]
        here = said(store, "origin")
        equal = [now == here[id_] for key in points for id_, now in said(store, key).items()]
    return f"{sum(equal):,} of {len(equal):,}"


def agreeing(one: Path, at_one: str, other: Path, at_other: str) -> str:
    """How many responses at a point of one run are token for token those at one of another."""
    with reading(one) as first, reading(other) as second:
        here, there = said(first, at_one), said(second, at_other)
    return f"{sum(here[id_] == there[id_] for id_ in here):,} of {len(here):,}"


def said(store: Any, key: str) -> dict[str, tuple[int, ...]]:
    return {response.prompt_id: response.token_ids for response in store.responses(key)}


def interval(value: float | None, low: float | None, high: float | None) -> str:
    return f"{percent(value).removesuffix(' %')} {percent_interval(low, high)}"


def title(text: str) -> None:
    print(f"\n**{text}**\n")


def head(*names: str) -> None:
    row(*names)
    print("|---|" + "--:|" * (len(names) - 1), flush=True)


def row(*cells: str) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="3 directions and 20 prompts")
    parser.add_argument("--out", type=Path, help="folder for the runs; by default a temporary one")
    arguments = parser.parse_args()
    directions, limit = (3, 20) if arguments.quick else (5, 40)
    with tempfile.TemporaryDirectory() as temporary:
        bench = Bench(arguments.out or Path(temporary), directions, limit)
        kinds = f"{directions} directions, {limit} harmful and {limit} benign prompts"
        print(f"{kinds}; shares in per cent, with 95 % intervals; edges beyond ±0.5 count as 0.5")
        for prompts in CONDITIONS:
            conditions(bench, prompts)
        sensitivity(bench)
        line(bench)
        base(bench)
        zero(bench)


if __name__ == "__main__":
    main()
