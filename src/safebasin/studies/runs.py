"""The runs in a folder: which there are, how far each is, and what it found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from safebasin.errors import SafebasinError, UsageError
from safebasin.runfolder import read_request, write_whole
from safebasin.summary import AnySummary, ComparisonSummary, read

HOME = Path("safebasin-runs")
"""Where runs go that were given no folder."""


@dataclass(frozen=True)
class Listed:
    """One run or comparison, as far as its own files tell without its store.

    Attributes:
        folder: where it is.
        study: the verb, as in its request: "scan", "surface", "path", "edges", "compare".
        model: what was measured; several names for a comparison.
        asked: names of the prompt sets; empty for a comparison.
        found: the headline, or why there is none.
        complete: whether everything was answered and judged.
    """

    folder: Path
    study: str
    model: str
    asked: str
    found: str
    complete: bool

    @property
    def page(self) -> Path | None:
        """Its page, if one was written."""
        page = self.folder / "report.html"
        return page if page.is_file() else None


def holds_runs(folder: Path) -> bool:
    """Whether a folder is no run itself, but has runs or comparisons in it."""
    return folder.is_dir() and not _is_one(folder) and bool(_folders(folder))


def runs(folder: Path | str = HOME) -> list[Listed]:
    """Every run and comparison in a folder, by name.

    Raises:
        UsageError: there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UsageError(
            f"{folder} is not a folder: run `safebasin scan`, which puts its runs into {HOME}, or "
            "name the folder that yours are in"
        )
    return [_listed(one) for one in _folders(folder)]


def write_index(folder: Path | str = HOME, path: Path | str | None = None) -> Path:
    """Write a page that lists the runs of a folder and leads to theirs.

    Args:
        folder: with runs in it.
        path: where to; by default `index.html` in the folder.

    Raises:
        UsageError: there is no such folder.
        ResourceError: the file cannot be written.
    """
    from safebasin.report.index import render

    target = Path(path) if path else Path(folder) / "index.html"
    write_whole(target, render(runs(folder), target.parent))
    return target


def _folders(folder: Path) -> list[Path]:
    return sorted(one for one in folder.iterdir() if one.is_dir() and _is_one(one))


def _is_one(folder: Path) -> bool:
    return (folder / "run.json").is_file() or (folder / "summary.json").is_file()


def _listed(folder: Path) -> Listed:
    try:
        if (folder / "summary.json").is_file():
            return _summarised(folder, read(folder / "summary.json"))
        request = read_request(folder)
        return Listed(
            folder,
            str(request["study"]),
            str(request["model"]["name"]),
            ", ".join(str(request["prompts"][side]["source"]) for side in ("harmful", "benign")),
            "not finished: the command that began it goes on with it",
            complete=False,
        )
    except (SafebasinError, KeyError, TypeError, AttributeError) as error:
        return Listed(folder, "", "", "", f"cannot be read: {error}", complete=False)


def _summarised(folder: Path, summary: AnySummary) -> Listed:
    found = summary.sentences.headline
    if isinstance(summary, ComparisonSummary):
        names = ", ".join(run.name for run in summary.runs)
        complete = all(run.status.complete for run in summary.runs)
        return Listed(folder, summary.study, names, "", found, complete)
    sets = sorted(summary.prompts.items(), key=lambda side: side[0] != "harmful")
    asked = ", ".join(dict.fromkeys(one.source for _, one in sets))
    complete = summary.status.complete
    return Listed(folder, summary.study, summary.model.name, asked, found, complete)
