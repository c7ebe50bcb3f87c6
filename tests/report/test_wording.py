"""Texts say what was measured: only judges that tell garbage speak of coherence."""

from __future__ import annotations

import pytest

from report.factory import summary as scan
from report.factory_line import line
from report.factory_plane import plane
from safebasin.judges.registry import CATALOGUE
from safebasin.report import facts
from safebasin.report.page import render
from safebasin.report.wording import COHERENT, HARMFUL, KEYWORD, UNREFUSED, in_words, wording
from safebasin.studies.summaries.map_sentences import for_line, for_plane
from safebasin.studies.summaries.sentences import sentences
from safebasin.summary import JudgeInfo, Summary

STUDIES = [(scan, sentences), (plane, for_plane), (line, for_line)]


def by(found: Summary, name: str) -> Summary:
    """The same numbers as labels of another judge, whose key is its name."""
    about = CATALOGUE[name].about
    told = JudgeInfo(name=name, title="t", family=about.family, source="s", where="", thresholds={})
    return found.model_copy(update={"judges": [told]})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("coherence", COHERENT),
        ("coherence-text", COHERENT),
        ("exact", COHERENT),
        ("keyword", KEYWORD),
        ("keyword-gcg", KEYWORD),
        ("refusal", UNREFUSED),
        ("llama-guard-3", HARMFUL),
        ("wildguard", HARMFUL),
        ("rubric-harmfulness", HARMFUL),
    ],
)
def test_each_judge_has_its_words(name: str, words: object) -> None:
    assert wording(by(scan(), name)) == words


@pytest.mark.parametrize("name", ["keyword", "refusal", "llama-guard-3", "rubric-answered"])
@pytest.mark.parametrize(("make", "say"), STUDIES)
def test_no_sentence_speaks_of_coherence_where_none_was_measured(
    make: object, say: object, name: str
) -> None:
    found = by(make(), name)  # type: ignore[operator]
    said = say(found)  # type: ignore[operator]
    found = found.model_copy(update={"sentences": said})
    texts = [said.headline, said.edges, *said.caveats]
    texts += [text for card in facts.cards(found) for text in (card.title, card.meaning)]
    texts += [title for title, _ in facts.numbers(found)]
    plain = [text.replace("`--judge coherence`", "") for text in texts]
    assert not [text for text in plain if "coheren" in text.lower()]
    assert wording(found).compliance in said.headline
    page = render(found)
    reading = page[page.index('id="reading"') : page.index('id="provenance"')]
    assert "coheren" not in reading.lower()


@pytest.mark.parametrize("name", ["keyword", "refusal"])
@pytest.mark.parametrize(("make", "say"), STUDIES)
def test_a_judge_that_takes_garbage_for_an_answer_says_nothing_of_sense(
    make: object, say: object, name: str
) -> None:
    said = say(by(make(), name))  # type: ignore[operator]
    assert f"{name} takes garbage for an answer" in said.edges
    assert "making sense before" not in said.edges
    assert f"The labels are those of {name}: garbage counts as compliance" in " ".join(said.caveats)


@pytest.mark.parametrize(("make", "say"), STUDIES)
def test_a_guard_says_nothing_of_benign_prompts(make: object, say: object) -> None:
    said = say(by(make(), "llama-guard-3"))  # type: ignore[operator]
    assert "llama-guard-3 knows harm alone" in said.edges


def test_the_words_of_the_coherence_judge_are_left_alone() -> None:
    text = "coherent answers, Coherent compliance, answered coherently"
    assert in_words(scan(), text) == text
    assert in_words(by(scan(), "llama-guard-3"), text) == (
        "harmful answers, Harmful compliance, answered harmfully"
    )
