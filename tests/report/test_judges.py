"""A judge has one name everywhere, and every table can say whose labels it shows."""

from __future__ import annotations

import pytest

from safebasin.report import judges

from .factory import summary
from .factory_comparison import comparison
from .factory_judged import COHERENCE, GUARD, judged
from .factory_line import line
from .payloads import EACH


@pytest.mark.parametrize(
    ("keys", "shown"),
    [
        (["coherence@3", "keyword"], ["coherence", "keyword"]),
        (["llama-guard-3.1a2b3c4d"], ["llama-guard-3"]),
        (["rubric-answered@2.1a2b3c4d"], ["rubric-answered"]),
        (["a.1a2b3c4d", "a.99aabbcc", "b@2"], ["a.1a2b3c4d", "a.99aabbcc", "b"]),
        (["coherence", "coherence@3"], ["coherence", "coherence@3"]),
        (["v1.5", ""], ["v1.5", "unnamed"]),
    ],
)
def test_versions_and_digests_are_said_only_where_names_are_alike(keys, shown) -> None:
    assert list(judges.names(keys).values()) == shown


def test_long_names_that_differ_in_their_digest_stay_apart() -> None:
    found = judges.names([f"{'x' * 200}.1a2b3c4d", f"{'x' * 200}.99aabbcc"])
    assert len(set(found.values())) == 2


@pytest.mark.parametrize("text", EACH)
def test_a_name_is_one_short_visible_line(text) -> None:
    for name in judges.names([text, f"{text}@2"]).values():
        assert len(name) <= 48
        assert not any(c in name for c in "\n\x1b\x00\u202e\u2066\ud800")


def test_the_first_judge_is_that_of_the_labels() -> None:
    found = judged(summary())
    assert judges.first(found) == "coherence"
    assert judges.keyword(found) == "keyword"
    assert judges.first(comparison()) == "the first judge"
    renamed = comparison().model_copy(update={"judges": found.judges})
    assert judges.first(renamed) == "coherence"
    assert judges.first(found.model_copy(update={"judges": [], "rates": []})) == "the first judge"


def test_judges_that_were_not_asked_at_first_have_names_too() -> None:
    found = judged(summary()).model_copy(update={"judges": summary().judges[:1]})
    assert list(judges.of(found).items()) == [
        (COHERENCE, "coherence"), ("keyword", "keyword"), (GUARD, "llama-guard-3"),
    ]  # fmt: skip


def test_a_caption_says_judge_prompts_and_what_brackets_are() -> None:
    assert judges.caption(judged(summary(prompts=40))) == (
        "Labels by coherence; 40 harmful and 40 benign prompts "
        "(organism:harmful, organism:benign); brackets: 95 % intervals."
    )
    several = judged(summary(prompts=1), samples=4)
    assert judges.basis(several, "harmful") == "1 harmful prompt × 4 samples"
    assert judges.basis(several) == "1 harmful and 1 benign prompt × 4 samples"
    assert "each run's own prompts" in judges.caption(comparison())


@pytest.mark.parametrize("decoding", [None, "x", {}, {"samples": "4"}, {"samples": 1}])
def test_requests_without_samples_are_of_one(decoding) -> None:
    found = summary().model_copy(update={"request": {"decoding": decoding}})
    assert judges.samples(found) == 1


def test_a_line_for_each_judge_of_harmful_prompts_over_the_axis() -> None:
    found = judges.lines(judged(line()))
    assert [one.name for one in found] == ["coherence", "keyword", "llama-guard-3"]
    assert len({(one.colour, one.dash) for one in found}) == 3
    assert len({one.dash for one in found}) == 3
    assert judges.lines(line()) == []


def test_a_line_ends_where_it_is_last_known() -> None:
    (one, *_) = judges.lines(judged(summary(missing_points=(20,))))
    assert one.end == one.curve.mean_P[19]
    (one, *_) = judges.lines(judged(summary(missing_points=range(21))))
    assert one.end == 0.0
