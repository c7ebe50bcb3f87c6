"""A run is complete when it is answered and judged; what texts alone decide is made up for."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from safebasin.errors import UsageError
from safebasin.records import Verdict
from safebasin.report import tables
from safebasin.store import Store, reading, writing
from safebasin.studies.compare import compare
from safebasin.studies.result import Scan, open_run


def without(folder: Path, lost: Callable[[str], bool], where: str) -> Path:
    """The run as if it had been killed before some verdicts were given at a point."""
    with reading(folder) as store:
        request = store.request
    with writing(folder, request) as store:
        kept = {judge: store.verdicts(judge, where) for judge in store.judges() if not lost(judge)}
        said, measured = store.responses(where), _measurements(store, where)
        store.discard(where)
        store.add_responses(where, said)
        for judge, verdicts in kept.items():
            store.add_verdicts(judge, where, verdicts)
        for measure, items in measured.items():
            store.add_measurements(measure, where, items)
    return folder


def _measurements(store: Store, where: str) -> dict[str, dict[str, tuple[float, float]]]:
    names = [str(one["name"]) for one in store.request.get("measures", [])]
    return {name: store.measurements(name, where) for name in names}


@pytest.fixture
def run(finished: Scan, tmp_path: Path) -> Path:
    return shutil.copytree(finished.folder, tmp_path / "run")


@pytest.fixture
def last(finished: Scan) -> str:
    with reading(finished.folder) as store:
        return max(store.answers_by_point())


def test_verdicts_that_need_a_model_are_missed_by_name(
    run: Path, last: str, finished: Scan
) -> None:
    judge = finished.summary.judges[0].name
    found = open_run(without(run, judge.__eq__, last))
    status, whole = found.summary.status, finished.summary.status
    assert not status.complete
    assert status.points_done == whole.points_planned - 1
    assert status.responses == whole.responses
    n = status.responses // whole.points_planned
    assert status.unjudged == {judge: n}
    screen = " ".join(tables.text(found.summary).split())
    assert screen.startswith("Not final")
    assert f"{n} responses are not judged by {judge} yet" in screen
    assert "the command that began the run goes on with it" in screen
    assert f"{n} responses are not judged by {judge} yet" in found.report().read_text()
    with pytest.raises(UsageError, match="not complete"):
        compare(finished, run)


def test_verdicts_by_words_are_made_up_for_and_the_folder_stays_as_it_is(
    run: Path, last: str, finished: Scan
) -> None:
    before = without(run, "keyword".__eq__, last).joinpath("results.sqlite").read_bytes()
    assert open_run(run).summary == finished.summary
    assert (run / "results.sqlite").read_bytes() == before


def test_a_judge_asked_later_counts_too(run: Path, last: str) -> None:
    with reading(run) as store:
        request, answers = store.request, store.responses("origin")
    with writing(run, request) as store:
        one = answers[0].id
        store.add_verdicts("unheard-of@9", "origin", {one: Verdict(None, status="judge_failed")})
    status = open_run(run).summary.status
    assert not status.complete
    assert set(status.unjudged) == {"unheard-of@9"}
