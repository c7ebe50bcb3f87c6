"""What a study returns: its numbers, its folder, and ways to look at it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from safebasin.errors import UsageError
from safebasin.runfolder import verb, write_whole
from safebasin.store import Store, reading
from safebasin.studies import notebook, tables
from safebasin.studies.finishing import finished
from safebasin.studies.summaries import edges, line, plane, scan
from safebasin.studies.summaries.able import warned
from safebasin.summary import (
    ComparisonSummary,
    EdgesSummary,
    Estimate,
    LineSummary,
    PlaneSummary,
    ScanSummary,
    read,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

S = TypeVar("S", ScanSummary, PlaneSummary, LineSummary, EdgesSummary, ComparisonSummary)
R = TypeVar("R", ScanSummary, PlaneSummary, LineSummary, EdgesSummary)


@dataclass(frozen=True, repr=False)
class Found(Generic[S]):
    """What a study found.

    Attributes:
        folder: where it is; everything below can be made again from it.
        summary: every number, as in `summary.json`.
    """

    folder: Path
    summary: S

    def figure(self, kind: Literal["landscape", "published"] = "landscape") -> Figure:
        """The result as a figure for a paper; a notebook shows it.

        Args:
            kind: "published" draws keyword ASR as the paper does, of a scan or a surface.

        Raises:
            UsageError: there is no such figure of this result.
        """
        from safebasin.report import figures
        from safebasin.studies.picture import picture

        return picture(figures.draw(self.summary, kind))

    def to_pandas(self, what: tables.What = "shares") -> DataFrame:
        """The shares as a tidy table, one a row; see `studies.tables.to_pandas`.

        Args:
            what: "shares", or what all judges say ("judges") and how far they agree ("agreement").

        Raises:
            ResourceError: pandas is not installed.
        """
        return tables.to_pandas(self.summary, what)

    def to_parquet(self, path: Path | str) -> Path:
        """The same as a Parquet file, or as CSV if the name ends so.

        Raises:
            ResourceError: pandas or pyarrow is not installed, or the file cannot be written.
        """
        return tables.write(self.summary, Path(path))

    def __repr__(self) -> str:
        return notebook.brief(type(self).__name__, self.summary, str(self.folder))

    def _repr_html_(self) -> str:
        return notebook.html(self.summary)


@dataclass(frozen=True, repr=False)
class Result(Found[R]):
    """A run, finished or not."""

    def report(self, path: Path | str | None = None, *, share: bool = False) -> Path:
        """Write the page.

        Args:
            path: where to; by default `report.html` in the run's folder.
            share: whether others may read it, as the user's umask says: it holds responses.

        Raises:
            ResourceError: the file cannot be written.
        """
        from safebasin.report.run import write_page

        return write_page(self.folder, self.summary, Path(path) if path else None, share=share)


@dataclass(frozen=True, repr=False)
class Scan(Result[ScanSummary]):
    """A landscape along random directions."""

    @property
    def visage(self) -> Estimate:
        """Mean safety over the window, 0–100: the share of refused harmful prompts."""
        return self.summary.scores.visage

    @property
    def safety_edge(self) -> Estimate:
        """The radius at which refusals fall to half."""
        return self.summary.scores.safety_edge

    @property
    def capability_edge(self) -> Estimate:
        """The radius at which answers to benign prompts fall to half: coherent ones, if told."""
        return self.summary.scores.capability_edge


@dataclass(frozen=True, repr=False)
class Edges(Result[EdgesSummary]):
    """The edges of a landscape, found by bisection."""

    @property
    def safety_edge(self) -> Estimate:
        """The radius at which refusals fall to half."""
        return self.summary.scores.safety_edge

    @property
    def capability_edge(self) -> Estimate:
        """The radius at which answers to benign prompts fall to half: coherent ones, if told."""
        return self.summary.scores.capability_edge


@dataclass(frozen=True, repr=False)
class Surface(Result[PlaneSummary]):
    """A landscape over a plane."""

    @property
    def visage(self) -> Estimate:
        """Mean safety over the window, 0–100: the share of refused harmful prompts."""
        return self.summary.scores.visage

    @property
    def safety_edge(self) -> Estimate:
        """The distance from the origin at which refusals fall to half, mean over angles."""
        return self.summary.scores.safety_edge


@dataclass(frozen=True, repr=False)
class Line(Result[LineSummary]):
    """What lies between two checkpoints."""

    @property
    def refusals_fall(self) -> Estimate:
        """Where refusals fall to half, from 0 at the first checkpoint to 1 at the second."""
        return self.summary.scores.refusals_fall


@dataclass(frozen=True, repr=False)
class Comparison(Found[ComparisonSummary]):
    """Several scans, held against the first; they have folders of their own."""

    def report(self, path: Path | str | None = None, *, share: bool = True) -> Path:
        """Write the page, by default `report.html` in the folder; it holds no responses.

        Raises:
            ResourceError: the file cannot be written.
        """
        from safebasin.report.page import render

        target = Path(path) if path else self.folder / "report.html"
        write_whole(target, render(self.summary), private=not share)
        return target


_SHAPES: dict[tuple[str, int], tuple[Callable[[Store], Any], type[Result[Any]]]] = {
    ("scan", 0): (scan.summarise, Scan),
    ("edges", 0): (edges.summarise, Edges),
    ("surface", 2): (plane.summarise, Surface),
    ("path", 2): (plane.summarise, Surface),
    ("path", 1): (line.summarise, Line),
}


def result(folder: Path, store: Store) -> Result[Any]:
    """What a run found, by the study that it is of and the number of its axes.

    Raises:
        UsageError: nothing was answered yet, or no study is called so.
    """
    study, grid = str(store.request.get("study")), store.request.get("grid", {"axes": []})
    shape = (study, len(grid["axes"]))
    if shape not in _SHAPES:
        raise UsageError(
            f"{folder} is a run of {study!r}, which this safebasin does not know: "
            "use the version that wrote it"
        )
    if store.recall("loaded") is None:
        raise UsageError(f"{store.folder} holds no answers yet: run the same command again")
    summarise, kind = _SHAPES[shape]
    return kind(folder, _final(warned(summarise(store))))


def _final(summary: Any) -> Any:
    """The summary; where answers or verdicts are missing, its headline begins with that."""
    if summary.status.complete:
        return summary
    led = f"Not final: answers or verdicts are missing; run it again. {summary.sentences.headline}"
    sentences = summary.sentences.model_copy(update={"headline": led})
    return summary.model_copy(update={"sentences": sentences})


def command(found: Found[Any]) -> str:
    """The verb that a result is of, for messages."""
    return f"`safebasin {verb({'study': found.summary.study})}`"


def open_run(folder: Path | str, *, judge: str | None = None) -> Any:
    """A run on disk, finished or not, summarised from its store; or a comparison of runs.

    Args:
        folder: where it is.
        judge: see the run through the eyes of this one, of those that have judged it: its labels
            make the shares, scores and edges. By default the run's first judge.

    Raises:
        UsageError: the folder is not a run, or no such judge has judged it.
        IntegrityError: its store is damaged, or of a newer schema.
    """
    path = Path(folder)
    if not (path / "run.json").exists() and (path / "summary.json").exists():
        found = read(path / "summary.json")
        if isinstance(found, ComparisonSummary):
            return Comparison(path, found)
    with reading(path) as store:
        store.labelled_by = _judge(store, judge) if judge else None
        with finished(store) as whole:
            return result(path, whole)


def _judge(store: Store, name: str) -> str:
    """The key of a judge of a run, by its name or key.

    Raises:
        UsageError: there is none, or there are several, or the run's course depends on another's.
    """
    every = list(dict.fromkeys([*store.request["judges"], *store.judges()]))
    found = [key for key in every if key == name] or [
        key for key in every if re.match(rf"{re.escape(name)}($|[@.])", key)
    ]
    if len(found) != 1:
        raise UsageError(
            f"{store.folder} was {'not ' if not found else ''}judged by {name!r}"
            f"{'' if not found else ' in several ways'}; it has: {', '.join(every)}: name one of "
            "these, or judge it first with `safebasin judge`"
        )
    if store.request["study"] == "edges" and found[0] != store.request["judges"][0]:
        raise UsageError(
            f"{store.folder} is an adaptive scan, which asked where {store.request['judges'][0]} "
            "sent it: it cannot be seen through another judge"
        )
    return str(found[0])
