"""Directions are added until VISAGE is known well enough, and no further."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scans import digest, interrupting

from safebasin.stats.sequential import FEWEST, OPTIONAL_STOPPING
from safebasin.store import reading
from safebasin.studies.landscape import plan, run
from safebasin.studies.result import open_run
from safebasin.studies.settings import ScanSettings

ASKED = {
    "directions": "auto",
    "points": 3,
    "limit": 2,
    "max_new_tokens": 8,
    "max_directions": 10,
}


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """So easy a target that the smallest number of directions reaches it."""
    planned = plan(
        ScanSettings(**ASKED, target_halfwidth=50, out=tmp_path_factory.mktemp("runs") / "wide")
    )
    return planned, run(planned)


def test_it_stops_at_the_least_number_that_is_trusted(wide) -> None:
    planned, found = wide
    sequential = found.summary.sequential
    assert sequential.reached
    assert len(sequential.halfwidth_D) == len(found.summary.directions) == FEWEST
    assert found.summary.status.complete
    assert found.summary.status.points_planned == 2 * FEWEST + 1
    assert found.visage.n == FEWEST
    assert any(OPTIONAL_STOPPING in caveat for caveat in found.summary.sentences.caveats)
    with reading(planned.folder) as store:
        assert store.counts()["responses"] == (2 * FEWEST + 1) * 4


@pytest.mark.slow
def test_it_is_the_scan_with_so_many_directions(wide, tmp_path) -> None:
    _, found = wide
    usual = {**ASKED, "directions": FEWEST}
    plain = run(plan(ScanSettings(**usual, out=tmp_path / "plain")))
    assert digest(plain.folder) == digest(found.folder)
    assert plain.summary.scores == found.summary.scores
    assert plain.summary.sequential is None


@pytest.mark.slow
def test_the_cap_stops_it_and_it_says_so(tmp_path) -> None:
    found = run(plan(ScanSettings(**ASKED, target_halfwidth=0.001, out=tmp_path / "run")))
    assert not found.summary.sequential.reached
    assert len(found.summary.directions) == 10
    assert any("did not suffice" in caveat for caveat in found.summary.sentences.caveats)


def test_interrupted_it_ends_the_same(wide, tmp_path) -> None:
    planned, found = wide
    again = replace(planned, folder=tmp_path / "again")
    with pytest.raises(KeyboardInterrupt):
        run(again, interrupting(after=11))
    unfinished = open_run(again.folder).summary
    assert not unfinished.status.complete
    assert unfinished.status.points_planned == 2 * 10 + 1
    ended = run(again)
    assert digest(again.folder) == digest(found.folder)
    assert ended.summary.to_json() == found.summary.to_json()
