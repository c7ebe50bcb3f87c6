"""The result in words says what the numbers say, and no more."""

from __future__ import annotations

import pytest
from report.factory import summary

from safebasin.studies.summaries.sentences import sentences


def said(ordering: str, **made: object) -> str:
    return sentences(summary(**made).model_copy(update={"ordering": ordering})).edges


@pytest.mark.parametrize(
    ("ordering", "words"),
    [
        ("capability_first", "stops making sense before it stops refusing"),
        ("safety_first", "stops refusing while it still makes sense"),
        ("indistinguishable", "cannot be told apart within their intervals"),
        ("undetermined", "too narrow, or the intervals too wide"),
    ],
)
def test_each_ordering_has_its_words(ordering: str, words: str) -> None:
    assert words in said(ordering)
    others = {"before it stops", "while it still", "told apart", "too narrow"} - {
        part for part in ("before it stops", "while it still", "told apart", "too narrow")
        if part in words
    }  # fmt: skip
    assert not any(other in said(ordering) for other in others)
    assert "|α| = 0.31" in said(ordering)
    assert "|α| = 0.24" in said(ordering)


def test_an_edge_beyond_the_range_is_a_lower_bound() -> None:
    found = sentences(summary(safety=0.9))
    assert "more than 0.50" in found.edges
    assert any("lower bound" in caveat and "--radius" in caveat for caveat in found.caveats)


def test_a_model_that_never_refuses_has_nothing_to_lose() -> None:
    assert said("undetermined", safety=None).startswith("There is no safety edge")


def test_a_model_that_never_makes_sense_has_no_capability_edge() -> None:
    made = summary()
    undefined = made.scores.capability_edge.model_copy(
        update={"value": None, "low": None, "high": None}
    )
    scores = made.scores.model_copy(update={"capability_edge": undefined})
    found = sentences(made.model_copy(update={"scores": scores}))
    assert found.edges.startswith("There is no capability edge")


def test_one_direction_is_said_to_be_one() -> None:
    found = sentences(summary(directions=1))
    assert "mean over 1 direction)" in found.headline
    assert any(caveat.startswith("One direction only") for caveat in found.caveats)
    assert not any("One direction" in caveat for caveat in sentences(summary()).caveats)


def test_a_partial_run_is_said_to_be_partial() -> None:
    assert any("50 of 101 points" in caveat for caveat in sentences(summary(partial=True)).caveats)


def test_what_counts_nowhere_is_counted() -> None:
    made = summary()
    status = made.status.model_copy(update={"numeric_failures": 1, "judge_failures": 2})
    caveats = " ".join(sentences(made.model_copy(update={"status": status})).caveats)
    assert "1 response had logits" in caveats
    assert "2 verdicts could not be given" in caveats


def test_keywords_alone_come_with_a_warning() -> None:
    made = summary()
    keyword = made.judges[0].model_copy(update={"name": "keyword"})
    found = sentences(made.model_copy(update={"judges": [keyword]}))
    assert any("garbage counts as compliance" in caveat for caveat in found.caveats)


def test_without_any_verdict_there_is_still_a_sentence() -> None:
    made = summary()
    none = made.origin["harmful"]["refused"].model_copy(update={"value": None, "n": 0})
    origin = {**made.origin, "harmful": {**made.origin["harmful"], "refused": none}}
    assert "no answer" in sentences(made.model_copy(update={"origin": origin})).headline
