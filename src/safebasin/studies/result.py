"""What a scan returns: its numbers, its folder, and ways to look at it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from safebasin.summary import Estimate, ScanSummary

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Scan:
    """A finished (or unfinished) scan.

    Attributes:
        folder: the run; everything below can be made again from it.
        summary: every number, as in `summary.json`.
    """

    folder: Path
    summary: ScanSummary

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
        """The radius at which coherent answers to benign prompts fall to half."""
        return self.summary.scores.capability_edge

    def figure(self) -> Figure:
        """The landscape as a figure for a paper."""
        from safebasin.report.figures import landscape

        return landscape(self.summary)

    def report(self, path: Path | str | None = None) -> Path:
        """Write the page.

        Args:
            path: where to; by default `report.html` in the run's folder.

        Raises:
            ResourceError: the file cannot be written.
        """
        from safebasin.report.run import write_page

        return write_page(self.folder, self.summary, Path(path) if path else None)

    def _repr_html_(self) -> str:
        from safebasin.report.tables import markdown

        return f"<pre>{_escape(markdown(self.summary))}</pre>"


def open_run(folder: Path | str) -> Scan:
    """A run on disk, finished or not, summarised from its store.

    Raises:
        UsageError: the folder is not a run.
        IntegrityError: its store is damaged, or of a newer schema.
    """
    from safebasin.store import reading
    from safebasin.studies.summarise import summarise

    with reading(Path(folder)) as store:
        return Scan(Path(folder), summarise(store))


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
