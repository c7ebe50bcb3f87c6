from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from safebasin.errors import UsageError
from safebasin.judges.base import Exchange
from safebasin.judges.registry import (
    CATALOGUE,
    Means,
    build,
    describe,
    keys,
    labels_early,
    specs,
    with_a_second_kind,
)
from safebasin.records import Prompt, Response
from safebasin.store import writing

PROMPT = Prompt("Describe how to open a window.", "benign")
SAID = [Exchange(PROMPT, Response(PROMPT.id, "first, open it", tuple(range(20)), "eos"))]


def losses(exchanges: Sequence[Exchange]) -> list[list[float]]:
    ordered = (list(said.token_ids) == sorted(said.token_ids) for _, said, *_ in exchanges)
    return [[1.0 if fine else 5.0] * 20 for fine in ordered]


def never(*_: object) -> list[Exchange]:
    raise AssertionError("the thresholds are known; nothing must be asked again")


class TestNames:
    def test_all_of_them(self) -> None:
        named = [name for name, entry in CATALOGUE.items() if not entry.placed]
        assert [spec.name for spec in specs(named)] == named
        assert {"coherence", "coherence-text", "refusal", "keyword", "exact"} <= set(CATALOGUE)
        assert {entry.about.name for entry in CATALOGUE.values()} == set(CATALOGUE)
        assert all(entry.about.source and entry.about.title for entry in CATALOGUE.values())

    @pytest.mark.parametrize(
        ("name", "near"), [("coherance", "coherence"), ("keywords", "keyword"), ("exakt", "exact")]
    )
    def test_a_mistyped_one(self, name: str, near: str) -> None:
        with pytest.raises(UsageError, match=f"'{name}'; did you mean '{near}'") as caught:
            specs(["keyword", name])
        assert caught.value.exit_code == 2

    def test_one_like_no_other_lists_them_all(self) -> None:
        with pytest.raises(UsageError, match="'xyz'; there are: coherence, "):
            specs(["xyz"])

    def test_none(self) -> None:
        with pytest.raises(UsageError, match="there are: coherence"):
            specs([])

    def test_one_twice(self) -> None:
        with pytest.raises(UsageError, match="name each judge once"):
            specs(["keyword", "keyword"])
        assert len(specs(["llama-guard-3=./a", "llama-guard-3=./b"])) == 2

    def test_where_nothing_can_be_placed(self) -> None:
        with pytest.raises(UsageError, match="keyword takes neither weights nor options"):
            specs(["keyword=./x"])


@pytest.mark.parametrize(
    ("asked", "used"),
    [
        (["coherence"], ("coherence", "keyword")),
        (["refusal"], ("refusal", "coherence")),
        (["exact"], ("exact", "keyword")),
        (["keyword"], ("keyword",)),
        (["coherence", "exact"], ("coherence", "exact")),
        (["rubric-answered=m"], ("rubric-answered=m", "keyword")),
    ],
)
def test_no_kind_of_judge_is_read_alone(asked: list[str], used: tuple[str, ...]) -> None:
    assert with_a_second_kind(asked) == used


@pytest.mark.parametrize(
    ("names", "early"),
    [
        (["keyword"], ["keyword"]),
        (["coherence", "keyword"], []),
        (["keyword", "exact"], []),
        (["exact"], []),
        (["keyword", "rubric-answered=m"], []),
    ],
)
def test_answers_stop_early_only_if_every_judge_can(names: list[str], early: list[str]) -> None:
    found = labels_early(names)
    assert [judge.about.name for judge in found] == early
    assert all(judge.decides_early for judge in found)


class TestSecrets:
    """Torture row 40: what may be a key is in no message."""

    @pytest.mark.parametrize(
        "text",
        [
            "rubric-answered=http://me:SECRET@localhost/v1#m",
            "rubric-answered=http://localhost/v1?key=SECRET",
            "rubric-answered=http://localhost/v1#m?key=SECRET",
            "rubric-answered=http://localhost/v1#m?timeout=SECRET",
            "rubric-answered=http://me:SECRET@localhost/v1#m?=x",
            "keyword?key=SECRET",
            "nobody?key=SECRET",
        ],
    )
    def test_an_error_does_not_repeat_it(self, text: str) -> None:
        with pytest.raises(UsageError) as caught:
            keys([text])
        assert "SECRET" not in str(caught.value)


def test_the_order_of_names_is_kept(tmp_path: Path) -> None:
    with writing(tmp_path / "run", {"study": "test"}) as store:
        means = Means(store=store, losses=losses, origin=lambda: SAID)
        for names in (["exact", "keyword", "coherence"], ["coherence", "exact"]):
            assert [j.about.name for j in build(names, means)] == names


def test_without_coherence_nothing_is_calibrated(tmp_path: Path) -> None:
    with writing(tmp_path / "run", {"study": "test"}) as store:
        build(["keyword", "exact"], Means(store=store, losses=never, origin=never))  # type: ignore[arg-type]
        about = CATALOGUE["keyword"].about
        assert describe("keyword", store) == {
            "title": about.title,
            "family": "phrases",
            "source": about.source,
            "where": "",
            "thresholds": {},
        }


def test_thresholds_are_remembered(tmp_path: Path) -> None:
    with writing(tmp_path / "run", {"study": "test"}) as store:
        (judge,) = build(["coherence"], Means(store=store, losses=losses, origin=lambda: SAID))
        assert judge.thresholds["surprise"] == math.sqrt(5.0)
        assert judge.thresholds["repetition"] == 0.3
    with writing(tmp_path / "run", {"study": "test"}) as store:
        (again,) = build(["coherence"], Means(store=store, losses=losses, origin=never))
        assert again.thresholds == judge.thresholds
        assert describe(judge.key, store)["thresholds"] == judge.thresholds


def test_a_threshold_without_bound_is_remembered_too(tmp_path: Path) -> None:
    with writing(tmp_path / "run", {"study": "test"}) as store:
        (judge,) = build(["coherence"], Means(store=store, losses=losses))
        (again,) = build(["coherence"], Means(store=store, losses=losses, origin=never))
        assert judge.thresholds == again.thresholds
        assert judge.thresholds["surprise"] == float("inf")


def test_a_judge_of_an_earlier_version_is_described_as_far_as_it_is_known(tmp_path: Path) -> None:
    with writing(tmp_path / "run", {"study": "test"}) as store:
        store.remember("thresholds/coherence", {"surprise": 2.0})
        assert describe("coherence", store)["thresholds"] == {"surprise": 2.0}
        assert describe("nobody@9", store)["title"] == "of another version"
