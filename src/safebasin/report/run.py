"""The page of a run folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from safebasin.records import Verdict
from safebasin.report import judges
from safebasin.report.examples import Example
from safebasin.report.page import render
from safebasin.report.places import places
from safebasin.runfolder import write_whole
from safebasin.store import Store, reading
from safebasin.summary import EdgesSummary, LineSummary, PlaneSummary, ScanSummary

Run = ScanSummary | PlaneSummary | LineSummary | EdgesSummary


def write_page(
    folder: Path, summary: Run, path: Path | None = None, *, share: bool = False
) -> Path:
    """Write a run's page, with a choice of what the model said.

    Args:
        folder: the run.
        summary: of that run.
        path: where to; by default `report.html` in the folder.
        share: whether others may read it, as the user's umask says; it holds responses.

    Returns:
        The path written.

    Raises:
        ResourceError: the file cannot be written; an older page is intact.
    """
    path = path or folder / "report.html"
    with reading(folder) as store:
        write_whole(path, render(summary, examples(store, summary)), private=not share)
    return path


def examples(store: Store, summary: Run) -> Iterator[Example]:
    """Every judged response at the places that the page wants, once."""
    prompts = {id_: prompt for id_, (prompt, _) in store.prompts().items()}
    first, *rest = (judge.name for judge in summary.judges)
    names = {key: name for key, name in judges.of(summary).items() if key in rest}
    names.pop(judges.KEYWORD, None)
    for point in dict.fromkeys(place.key for place in places(summary) if place.wanted):
        verdicts = store.verdicts(first, point)
        keyword = store.verdicts(judges.KEYWORD, point)
        others = [(name, store.verdicts(key, point)) for key, name in names.items()]
        for response in store.responses(point):
            prompt = prompts[response.prompt_id]
            verdict = verdicts.get(response.id)
            yield Example(
                point=point,
                kind=prompt.side,
                category=prompt.category,
                prompt=prompt.text,
                label=_label(verdict),
                keyword=_label(keyword.get(response.id)),
                detail=verdict.detail if verdict else "",
                text=response.text,
                thoughts=response.thoughts,
                others=tuple((name, _label(said.get(response.id))) for name, said in others),
            )


def _label(verdict: Verdict | None) -> str:
    if verdict is None:
        return ""
    return verdict.label.value if verdict.label else verdict.status.replace("_", " ")
