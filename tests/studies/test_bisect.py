"""An adaptive scan takes the same turns however often it is begun, and asks little."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scans import digest, interrupting

from safebasin.engines.transformers import TransformersEngine
from safebasin.points import Direction
from safebasin.stats.bisection import Question
from safebasin.store import reading
from safebasin.studies import bisect
from safebasin.studies.landscape import plan, run
from safebasin.studies.rays import Rays
from safebasin.studies.result import Edges, open_run
from safebasin.studies.settings import ScanSettings

ASKED = {"adaptive": True, "directions": 1, "limit": 16, "max_new_tokens": 24}


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    return plan(ScanSettings(**ASKED, out=tmp_path_factory.mktemp("runs") / "edges"))


@pytest.fixture(scope="module")
def ticks() -> list[int]:
    return []


@pytest.fixture(scope="module")
def found(planned, ticks) -> Edges:
    return run(planned, lambda tick: ticks.append(tick.done))


def test_both_edges_on_both_sides(found) -> None:
    summary = found.summary
    assert summary.study == "edges"
    assert summary.status.complete
    assert {(s.kind, s.direction, s.side) for s in summary.searches} == {
        (kind, 0, side) for kind in ("harmful", "benign") for side in ("left", "right")
    }
    for search in summary.searches:
        assert search.low <= search.radius <= search.high
        assert {probe.radius for probe in search.probes} >= set(summary.coarse)
        assert all(probe.hits <= probe.answered <= 16 for probe in search.probes)
        assert all(probe.early == (probe.answered < 16) for probe in search.probes)
    assert 0.2 < found.capability_edge.value < 0.45
    assert 0.3 < found.safety_edge.value <= 0.5


def test_it_asks_less_than_a_grid_as_fine(found) -> None:
    summary = found.summary
    finest = 2 * round(summary.reach / summary.resolution) + 1
    assert summary.spent.responses < finest * 32 / 4
    with reading(found.folder) as store:
        assert store.counts()["responses"] == summary.spent.responses


@pytest.mark.parametrize("moments", [[11], pytest.param([3, 11, 20], marks=pytest.mark.slow)])
@pytest.mark.slow
def test_interrupted_anywhere_it_ends_the_same(planned, found, tmp_path, moments) -> None:
    again = replace(planned, folder=tmp_path / "again")
    for moment in moments:
        with pytest.raises(KeyboardInterrupt):
            run(again, interrupting(after=moment))
        unfinished = open_run(again.folder).summary
        assert not unfinished.status.complete
        assert unfinished.to_json()
    ended = run(again)
    assert digest(again.folder) == digest(found.folder)
    assert ended.summary.to_json() == found.summary.to_json()


def test_a_finished_one_asks_nothing(planned, found, monkeypatch) -> None:
    def refuse(*_, **__) -> None:
        raise AssertionError("the model was asked")

    for name in ("answer", "losses", "at"):
        monkeypatch.setattr(TransformersEngine, name, refuse)
    assert run(planned).summary == found.summary


@pytest.mark.slow
def test_a_model_that_never_refuses_has_no_safety_edge(tmp_path) -> None:
    found = run(
        plan(ScanSettings(**{**ASKED, "limit": 8}, model="organism:base", out=tmp_path / "base"))
    )
    harmful = [search for search in found.summary.searches if search.kind == "harmful"]
    assert all(search.radius is None and not search.probes for search in harmful)
    assert found.safety_edge.value is None
    assert found.summary.ordering == "undetermined"
    assert "no safety edge" in found.summary.sentences.headline


def test_blocks_are_of_one_kind_and_each_search_starts_elsewhere() -> None:
    rays = Rays(
        directions=2, points=9, radius=0.5, seed=0, noise="gaussian", norm="layer", skip="norms"
    )
    ids = [f"{n:02}" for n in range(20)]
    within = bisect.blocks(
        {"harmful": ids, "benign": ids[:8]}, {"harmful": range(20), "benign": range(8)}, rays
    )
    assert [len(block) for block in within.of_kind["harmful"]] == [8, 8, 4]
    assert within.plan["harmful"].coarse_radii == (0.125, 0.25, 0.375, 0.5)
    first = bisect.Search("harmful", Direction(0), -1)
    second = bisect.Search("harmful", Direction(0), 1)
    one, other = (within.asked(search, Question(0.25, 1)) for search in (first, second))
    assert one == [within.of_kind["harmful"][0]]
    assert other == [within.of_kind["harmful"][1]]
    assert second.point(0.25).key == "gaussian.layer.norms.s0.d0@0.25"
    assert first.point(0.25).key == "gaussian.layer.norms.s0.d0@-0.25"


def test_progress_counts_every_response_once(found, ticks) -> None:
    assert ticks == sorted(ticks)
    assert ticks[-1] == found.summary.spent.responses
