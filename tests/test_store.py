"""A batch is in the store whole or not at all, and is read back as it was written."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stores import BATCH, PINNED, REQUEST, filled
from synthetic import prompts_of, synthetic_store

from safebasin.errors import IntegrityError
from safebasin.records import Label, Prompt, Response, Verdict, asked_by
from safebasin.store import reading, writing

ASKED = Prompt("What?", "benign")


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    with reading(filled(tmp_path / "run")) as store:
        assert store.request == REQUEST
        prompt = Prompt("How?", "harmful", target="So")
        assert store.prompts() == {prompt.id: (prompt, 3)}
        assert store.answered("origin") == {"a", "b"}
        assert store.responses("origin") == [BATCH[1], BATCH[0]]
        assert store.verdicts("keyword", "origin") == {"a": Verdict(Label.COMPLIED, 0.5, "why")}
        assert store.recall("versions") == {"python": "3"}
        assert store.answers_by_point() == {"origin": 2}
        assert store.answered("elsewhere") == set()
        assert store.recall("nothing") is None


@given(
    text=st.text(),
    ids=st.lists(st.integers(0, 2**32 - 1)).map(tuple),
    score=st.none() | st.floats(allow_nan=False),
)
@settings(max_examples=30, deadline=None)
def test_any_text_tokens_and_score_survive(
    text: str, ids: tuple[int, ...], score: float | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("any")
    response, verdict = Response("a", text, ids, "eos"), Verdict(Label.OTHER, score, text)
    with writing(folder / "run", REQUEST) as store:
        store.add_responses("p", [response])
        store.add_verdicts("j", "p", {"a": verdict})
        assert store.responses("p") == [response]
        assert store.verdicts("j", "p") == {"a": verdict}


def test_the_first_value_stays(tmp_path: Path) -> None:
    with writing(tmp_path / "run", REQUEST) as store:
        assert store.remember("threshold", 1.5) == 1.5
        assert store.remember("threshold", 2.5) == 1.5


def test_failures_are_counted_and_located(tmp_path: Path) -> None:
    with writing(tmp_path / "run", REQUEST) as store:
        store.add_responses("p", [Response("a", "", (), "numeric_failure"), BATCH[0]])
        store.add_responses("q", [Response("a", "fine", (1,), "eos")])
        failed = Verdict(None, status="judge_failed")
        store.add_verdicts("j", "q", {"a": failed})
        assert store.failed_points() == ["p"]
        assert store.counts() == {"responses": 3, "numeric_failures": 1, "judge_failures": 1}
        assert store.verdicts("j", "q") == {"a": failed}


def test_a_batch_with_one_bad_row_leaves_no_row(tmp_path: Path) -> None:
    with writing(filled(tmp_path / "run"), REQUEST) as store:
        before = store.digest()
        with pytest.raises(IntegrityError):
            store.add_responses("origin", [Response("new", "x", (), "eos"), BATCH[0]])
        assert store.answered("origin") == {"a", "b"}
        assert store.digest() == before


def test_an_interrupted_batch_leaves_no_row(tmp_path: Path) -> None:
    def batch() -> Iterator[Response]:
        yield Response("new", "x", (), "eos")
        raise KeyboardInterrupt

    with writing(filled(tmp_path / "run"), REQUEST) as store:
        with pytest.raises(KeyboardInterrupt):
            store.add_responses("origin", batch())
        assert store.answered("origin") == {"a", "b"}


def test_the_digest_depends_on_content_and_not_on_order(tmp_path: Path) -> None:
    def digest(name: str, *points: str) -> str:
        with writing(tmp_path / name, REQUEST) as store:
            for point in points:
                store.add_responses(point, BATCH)
            return store.digest()

    assert digest("one", "p", "q") == digest("other", "q", "p")
    assert digest("one more", "p") != digest("another", "q")


def test_a_reader_sees_what_is_committed_while_a_writer_works(tmp_path: Path) -> None:
    with writing(tmp_path / "run", REQUEST) as writer:
        writer.add_responses("p", BATCH)
        with reading(tmp_path / "run") as reader:
            writer.add_responses("q", BATCH)
            assert reader.answered("q") == {"a", "b"}


def test_commits_are_durable_and_private(tmp_path: Path) -> None:
    with writing(filled(tmp_path / "run"), REQUEST) as store:
        pragma = store._connection.execute
        assert pragma("pragma journal_mode").fetchone() == ("wal",)
        assert pragma("pragma synchronous").fetchone() == (2,)
    assert (tmp_path / "run" / "results.sqlite").stat().st_mode & 0o777 == 0o600


def test_labels_come_by_point_and_prompt(tmp_path: Path) -> None:
    failed = Verdict(None, status="judge_failed")
    with writing(tmp_path / "run", REQUEST) as store:
        store.add_verdicts("j", "q", {"b": failed, "a": Verdict(Label.OTHER)})
        store.add_verdicts("j", "p", {"a": Verdict(Label.REFUSED)})
        store.add_verdicts("k", "p", {"a": Verdict(Label.COMPLIED)})
        assert list(store.labels("j")) == [
            ("p", "a", 0, Label.REFUSED),
            ("q", "a", 0, Label.OTHER),
            ("q", "b", 0, "judge_failed"),
        ]
        assert list(store.labels("nobody")) == []
        store._connection.execute("update verdict set label = 'odd' where point = 'q'")
        with pytest.raises(IntegrityError, match="'odd' is not a label"):
            list(store.labels("j"))


def test_several_answers_to_one_prompt_stay_apart(tmp_path: Path) -> None:
    several = [Response("a", f"text {n}", (n,), "eos", n) for n in range(3)]
    with writing(tmp_path / "run", REQUEST) as store:
        store.add_prompts([(ASKED, 0, "a", (1,))])
        asked = [Response(ASKED.id, r.text, r.token_ids, r.finish, r.sample) for r in several]
        store.add_responses("p", asked)
        assert store.responses("p") == asked
        ids = {response.id for response in asked}
        assert store.answered("p") == ids
        assert {asked_by(id_) for id_ in ids} == {ASKED.id}
        verdicts = {r.id: Verdict(Label.OTHER, float(r.sample)) for r in asked}
        store.add_verdicts("j", "p", verdicts)
        assert store.verdicts("j", "p") == verdicts
        assert [sample for _, _, sample, _ in store.labels("j")] == [0, 1, 2]
        first = store.digest()
    with writing(tmp_path / "other", REQUEST) as store:
        store.add_responses("p", [asked[0]])
        one = store.digest()
        store.add_responses("p", [replace(asked[0], sample=1)])
        assert len({first, one, store.digest()}) == 3


def test_the_judges_of_a_store_are_found(tmp_path: Path) -> None:
    with writing(tmp_path / "run", REQUEST) as store:
        assert store.judges() == []
        for judge in ("k@2", "b", "a.1234"):
            store.add_verdicts(judge, "p", {"x": Verdict(Label.OTHER), "y": Verdict(Label.OTHER)})
        assert store.judges() == ["a.1234", "b", "k@2"]


def test_bulk_labels_are_those_of_the_points(tmp_path: Path) -> None:
    points = ["origin", "p", "q"]
    synthetic_store(tmp_path / "run", points=points, prompts=prompts_of(20))
    with reading(tmp_path / "run") as store:
        one_by_one = [
            (point, prompt, 0, verdict.label)
            for point in points
            for prompt, verdict in store.verdicts("coherence", point).items()
        ]
        assert list(store.labels("coherence")) == one_by_one
        assert store.answers_by_point() == dict.fromkeys(points, 20)


# --- measurements


def test_measurements_are_read_back(tmp_path: Path) -> None:
    items = {"b": (1.5, 2.0), "a": (math.nan, 1.0), "c": (math.inf, 3.0)}
    with writing(filled(tmp_path / "run"), REQUEST) as store:
        store.add_measurements("perplexity", "origin", items)
        store.add_measurements("accuracy", "p", {"a": (1.0, 1.0)})
        found = store.measurements("perplexity", "origin")
        assert list(found) == ["a", "b", "c"]
        assert found["b"] == (1.5, 2.0)
        assert all(math.isnan(found[item][0]) for item in "ac"), "infinity is not a number here"
        assert [found[item][1] for item in "abc"] == [1.0, 2.0, 3.0]
        assert store.measured("perplexity") == {"origin"}
        assert store.measured("accuracy") == {"p"}
        assert store.measured("other") == set()
        assert store.measurements("accuracy", "origin") == {}


def test_a_measurement_is_stored_whole_or_not_at_all(tmp_path: Path) -> None:
    with writing(filled(tmp_path / "run"), REQUEST) as store:
        before = store.digest()
        with pytest.raises(IntegrityError):
            store.add_measurements("m", "p", {"a": (1.0, 1.0), "b": (1.0, None)})  # type: ignore[dict-item]
        assert store.measured("m") == set()
        assert store.digest() == before


def test_measurements_are_part_of_the_digest_and_their_absence_changes_nothing(
    tmp_path: Path,
) -> None:
    with writing(filled(tmp_path / "run"), REQUEST) as store:
        before = store.digest()
        assert before == PINNED
        store.add_measurements("m", "p", {"a": (1.0, 1.0), "b": (2.0, 1.0)})
        after = store.digest()
    with writing(filled(tmp_path / "other"), REQUEST) as store:
        store.add_measurements("m", "p", {"b": (2.0, 1.0), "a": (1.0, 1.0)})
        assert store.digest() == after != before
        store.add_measurements("m", "p", {"a": (1.5, 1.0)})
        assert store.digest() not in (before, after)
