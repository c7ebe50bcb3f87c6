"""A side of a direction ends beyond both edges, and what is left out is not missed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scans import digest, interrupting
from stores import REQUEST

from safebasin.errors import UsageError
from safebasin.records import Label, Point, Prompt, Response, Verdict
from safebasin.store import Store, reading, writing
from safebasin.studies import outward
from safebasin.studies.compare import compare
from safebasin.studies.landscape import plan, run
from safebasin.studies.rays import Rays
from safebasin.studies.result import open_run
from safebasin.studies.settings import ScanSettings

ASKED: dict[str, Any] = {
    "directions": 1,
    "points": 13,
    "radius": 1.2,
    "limit": 8,
    "max_new_tokens": 24,
}
RULE = {"kinds": ["harmful", "benign"], "at_most": 0.1, "in_a_row": 2}


def scanned(out: Path, **changes: Any) -> Any:
    return run(plan(ScanSettings(**ASKED | {"out": out} | changes)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def short(folder: Path) -> Any:
    return scanned(folder / "outward", outward=True)


@pytest.fixture(scope="module")
def whole(folder: Path) -> Any:
    return scanned(folder / "whole")


class TestWhatIsLeftOut:
    def test_both_sides_end_and_it_says_so(self, short: Any) -> None:
        found = short.summary
        assert found.outward.left_out > 0
        assert found.status.complete
        assert found.status.points_planned == 1 + 12 - found.outward.left_out
        assert any("were not asked" in caveat for caveat in found.sentences.caveats)
        for index, reached in enumerate(found.outward.reached):
            known = found.curves["harmful"].refused.directions_DP[index]
            places = [x for x, share in zip(found.axis_P, known, strict=True) if share is not None]
            assert (-places[0], places[-1]) == (reached["left"], reached["right"])

    def test_what_was_asked_is_answered_as_ever(self, short: Any, whole: Any) -> None:
        with reading(short.folder) as one, reading(whole.folder) as two:
            keys = list(one.answers_by_point())
            assert len(keys) < len(two.answers_by_point())
            for key in keys:
                assert one.responses(key) == two.responses(key)
                assert one.verdicts("keyword", key) == two.verdicts("keyword", key)

    def test_what_is_left_out_is_not_missed(self, short: Any, whole: Any) -> None:
        one, two = short.summary, whole.summary
        assert one.scores.visage.value == pytest.approx(two.scores.visage.value, abs=2)
        assert one.directions[0].safety_edge == two.directions[0].safety_edge

    @pytest.mark.slow
    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_nor_along_other_directions(self, seed: int, tmp_path: Path) -> None:
        one = scanned(tmp_path / "outward", outward=True, seed=seed)
        two = scanned(tmp_path / "whole", seed=seed)
        assert one.summary.outward.left_out > 0
        self.test_what_is_left_out_is_not_missed(one, two)

    def test_scores_that_depend_on_garbage_are_not_given(self, short: Any, whole: Any) -> None:
        assert short.summary.scores.visage_published.value is None
        assert whole.summary.scores.visage_published.value is not None


def test_where_nothing_ends_it_is_the_plain_scan(tmp_path: Path) -> None:
    near = {"radius": 0.1, "points": 5}
    one = scanned(tmp_path / "outward", outward=True, **near)
    two = scanned(tmp_path / "whole", **near)
    assert digest(one.folder) == digest(two.folder)
    assert one.summary.outward.left_out == 0
    assert one.summary.scores == two.summary.scores
    assert one.summary.curves == two.summary.curves
    assert two.summary.outward is None


def test_interrupted_it_ends_the_same(short: Any, tmp_path: Path) -> None:
    planned = plan(ScanSettings(**ASKED, outward=True, out=tmp_path / "again"))
    with pytest.raises(KeyboardInterrupt):
        run(planned, interrupting(after=11))
    unfinished = open_run(planned.folder).summary
    assert not unfinished.status.complete
    assert unfinished.outward.left_out == 0
    again = run(planned)
    assert digest(again.folder) == digest(short.folder)
    assert again.summary.scores == short.summary.scores


def test_it_can_be_compared_with_the_plain_scan(short: Any, whole: Any, tmp_path: Path) -> None:
    (difference,) = compare(short.folder, whole.folder, out=tmp_path / "c").summary.differences
    assert difference.paired
    assert difference.visage.value == pytest.approx(0, abs=2)


def test_a_judge_that_takes_garbage_for_answers_knows_one_edge(tmp_path: Path) -> None:
    assert outward.rule("keyword")["kinds"] == ["harmful"]
    assert outward.rule("refusal")["kinds"] == ["harmful"]
    assert outward.rule("coherence")["kinds"] == ["harmful", "benign"]
    found = scanned(tmp_path / "run", outward=True, judges=("keyword",), radius=2.0).summary
    assert found.scores.visage_keyword.value is not None
    assert not any("garbage" in c for c in found.sentences.caveats if "not asked" in c)


@pytest.mark.parametrize("other", [{"adaptive": True}, {"directions": "auto"}])
def test_it_is_refused_beside_other_ways(other: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="--outward"):
        ScanSettings(**ASKED | {"outward": True} | other)


class TestNothingLeft:
    """On verdicts that are made up: ten prompts of each kind, of which one may be left."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> Any:
        request = {**REQUEST, "judges": ["exact"], "outward": RULE}
        prompts = [Prompt(f"{kind} {n}", kind) for kind in outward.WANTED for n in range(10)]
        with writing(tmp_path / "run", request) as store:
            store.add_prompts([(prompt, n, "", (1,)) for n, prompt in enumerate(prompts)])
            yield store

    def told(
        self, store: Store, key: str, hits: int, instead: dict[str, Verdict | None] | None = None
    ) -> None:
        """So many of each kind are as at the origin; others are as put instead."""
        verdicts: dict[str, Verdict | None] = {}
        for kind, wanted in outward.WANTED.items():
            for n in range(10):
                said = Verdict(wanted if n < hits else Label.INCOHERENT)
                verdicts[Prompt(f"{kind} {n}", kind).id] = said
        verdicts |= instead or {}
        store.add_responses(key, [Response(id_, "", (), "eos") for id_ in verdicts])
        store.add_verdicts("exact", key, {id_: said for id_, said in verdicts.items() if said})

    def test_hardly_any_is_nothing(self, store: Store) -> None:
        for hits in range(4):
            self.told(store, f"p{hits}", hits)
        assert [outward.nothing_left(store, f"p{hits}") for hits in range(4)] == [
            True,
            True,
            False,
            False,
        ]

    def test_what_is_not_known_is_not_nothing(self, store: Store) -> None:
        ids = list(store.prompts())
        assert not outward.nothing_left(store, "never asked")
        self.told(store, "missing", 0, instead={ids[0]: None})
        assert not outward.nothing_left(store, "missing")
        self.told(store, "failed", 0, instead={ids[-1]: Verdict(None, status="judge_failed")})
        assert not outward.nothing_left(store, "failed")
        self.told(
            store, "overflow", 0, instead={i: Verdict(None, status="numeric_failure") for i in ids}
        )
        assert outward.nothing_left(store, "overflow")

    def test_a_side_ends_at_two_in_a_row(self, store: Store) -> None:
        rays = Rays(
            directions=1, points=13, radius=6, seed=0, noise="gaussian", norm="layer", skip="norms"
        )
        left, right = outward.sides(rays)
        assert [p.terms[0][1] for p in left.points] == [-1, -2, -3, -4, -5, -6]
        for point, hits in zip(left.points, (9, 0, 5, 0, 1, 9), strict=True):
            self.told(store, point.key, hits)
        for point in right.points:
            self.told(store, point.key, 9)
        assert (outward.asked(store, left.points), outward.asked(store, right.points)) == (5, 6)
        stands_P = outward.standing(store, rays)[0]
        assert stands_P[0] == stands_P[1] == rays.point(0, -5)
        assert stands_P[2:] == [rays.point(0, x) for x in rays.axis_P[2:]]
        assert outward.once([stands_P])[0] == Point()
        assert np.size(outward.once([stands_P])) == 12
