"""What judges say is never averaged, and what cannot be said is words."""

from __future__ import annotations

import pytest

from safebasin.report import facts
from safebasin.report.facts.judged import agreed, at_extremes, cautions, graded, one_kind, said

from ..factory import estimate, summary
from ..factory_comparison import comparison
from ..factory_judged import COHERENCE, GUARD, KEYWORD, judged
from ..factory_line import line
from ..factory_plane import plane
from ..factory_searches import searches


def at_origin(**shares):
    labels = ("refused", "complied", "incoherent", "other")
    return {label: estimate(shares.get(label, 0.0), 0.04, 80, "prompts") for label in labels}


def test_a_row_for_each_judge_and_set_of_prompts() -> None:
    found = judged(summary())
    harmful, benign = said(found, "harmful"), said(found, "benign")
    assert [row.judge for row in harmful] == ["coherence", "keyword", "llama-guard-3"]
    assert [row.family for row in harmful] == ["coherence", "phrases", "guard"]
    assert [row.judge for row in benign] == ["coherence", "keyword"]  # guards know harm only
    assert str(harmful[0].shares[0]) == "98 % [94, 100]"
    assert (harmful[0].n, harmful[0].judged, harmful[0].failed) == ("80", "8,080", "0")


def test_rates_of_a_judge_that_failed_are_withheld() -> None:
    *_, guard = said(judged(summary(), failed=3), "harmful")
    assert {share.value for share in guard.shares} == {"undefined"}
    assert {share.interval for share in guard.shares} == {""}
    assert guard.failed == "3"
    assert guard.note == "3 responses without a label, rates there are withheld"


@pytest.mark.parametrize("make", [summary, line, plane, searches, comparison])
def test_every_rate_has_its_interval_its_judge_and_its_n(make) -> None:
    found = make() if make is comparison else judged(make())
    for name, written in facts.numbers(found):
        counted = "responses" in name  # what was spent is no rate
        if written.value in ("undefined", "not tested", "not compared") or counted:
            continue
        assert written.interval, name
        assert written.basis, name
        assert written.judge or "items" in written.basis, name


@pytest.mark.parametrize("make", [summary, line, plane, searches])
def test_over_refusal_stands_beside_refusal(make) -> None:
    names = [name for name, _ in facts.numbers(judged(make()))]
    assert any("over-refusal" in name for name in names)


def test_keyword_numbers_are_the_keyword_judges() -> None:
    whose = {name: written.judge for name, written in facts.numbers(judged(summary()))}
    assert whose["keyword ASR at the origin"] == whose["VISAGE, as published"] == "keyword"
    assert whose["VISAGE"] == whose["safety edge"] == "coherence"


def test_harmful_pairs_come_first_with_both_kappas() -> None:
    first, *rest = agreed(judged(summary()))
    assert (first.pair, first.prompts, first.n) == ("coherence – keyword", "harmful", "1,600")
    assert (str(first.kappa), str(first.complied)) == ("0.41 [0.37, 0.45]", "0.31 [0.26, 0.36]")
    assert [place for place, _ in first.differ] == [
        "direction 0, α = 0.50", "direction 0, α = 0.40",
    ]  # fmt: skip
    assert first.table[2] == ["1", "310", "30", "5"]
    assert [pair.prompts for pair in rest] == ["harmful", "harmful", "benign"]


def test_an_undefined_kappa_says_why() -> None:
    first = agreed(judged(summary(), kappa=None))[0]
    assert (first.kappa.value, first.kappa.note) == ("undefined", "both gave one label")
    assert first.kappa.interval == ""
    found = judged(summary(), kappa=None)
    empty = found.agreement[0].model_copy(
        update={"kappa": found.agreement[0].kappa.model_copy(update={"n": 0})}
    )
    none = agreed(found.model_copy(update={"agreement": [empty]}))[0]
    assert none.kappa.note == "no response has both labels"


@pytest.mark.parametrize(("kappa", "warned"), [(0.34, 2), (0.36, 0), (0.9, 0), (None, 0)])
def test_strong_disagreement_is_said_where_the_whole_interval_is_low(kappa, warned) -> None:
    words = cautions(judged(summary(), kappa=kappa))
    assert len(words) == warned  # the interval's half-width is 0.05
    if warned:
        assert words[0].startswith("On harmful prompts, judges disagree strongly")
        assert "coherence – keyword (κ 0.34 [0.29, 0.39], 1,600 responses)" in words[0]


def test_one_kind_of_judge_is_said() -> None:
    assert "Only one kind of judge was asked (coherence)" in one_kind(
        judged(summary(), judges=(COHERENCE,))
    )
    assert one_kind(judged(summary(), judges=(COHERENCE, KEYWORD))) == ""
    assert one_kind(judged(summary(), judges=(GUARD, KEYWORD))) == ""
    # Summaries of earlier versions do not tell.
    bare = [judge.model_copy(update={"family": ""}) for judge in summary().judges]
    assert one_kind(summary().model_copy(update={"judges": bare})) == ""


def test_calibrations_hold_raw_beside_corrected() -> None:
    first = graded(judged(summary()))[0]
    assert first.source == "labelled.csv, 300 labelled responses, digest abababababababab"
    name, n, failed, sensitivity, specificity, informedness = first.strata[0]
    assert (name, n, failed, informedness) == ("all", "300", "2", "0.86")
    assert (str(sensitivity), sensitivity.basis) == ("91 % [87, 95]", "100 responses")
    assert specificity.basis == "200 responses"
    assert first.strata[2][3].value == "undefined"
    place, method, raw, corrected, reason = first.corrected[0]
    assert (place, method, reason) == ("origin", "Rogan-Gladen", "")
    assert (raw.value, corrected.value) == ("12 %", "8 %")
    *_, raw, corrected, reason = first.corrected[1]
    assert (raw.value, corrected.value) == ("40 %", "not corrected")
    assert "below 0.3" in reason


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ({"incoherent": 1.0}, "broken text, which is no compliance"),
        ({"other": 1.0}, "empty, cut off or unclear, which is no compliance"),
        ({"refused": 1.0}, "every response is a refusal"),
        ({"complied": 1.0}, ""),
        ({"incoherent": 0.99, "refused": 0.01}, ""),
    ],
)
def test_points_of_one_label_are_words(shares, words) -> None:
    note = at_extremes(at_origin(**shares))
    assert words in note
    assert bool(note) == bool(words)


def test_gibberish_is_never_a_jailbreak() -> None:
    found = judged(summary(), origin=at_origin(incoherent=1.0))
    keyword = found.rates[1].model_copy(update={"origin": at_origin(complied=1.0)})
    origin = found.origin | {"harmful": at_origin(incoherent=1.0)}
    origin["harmful"]["keyword_asr"] = estimate(1.0, 0.04, 80, "prompts")
    rates = [found.rates[0], keyword, *found.rates[2:]]
    found = found.model_copy(update={"rates": rates, "origin": origin})
    first, second, _ = said(found, "harmful")
    assert "no compliance" in first.note
    words = "at least 100.0 % are called incoherent or other by another judge"
    assert second.note == words
    notes = {name: written.note for name, written in facts.numbers(found)}
    assert notes["keyword ASR at the origin"] == words
    assert "no compliance" in notes["refusal at the origin"]
    assert facts.cards(found)[0].written.note == notes["refusal at the origin"]


def test_shares_that_need_not_overlap_get_no_note() -> None:
    found = judged(summary(), judges=(COHERENCE, KEYWORD))
    assert [row.note for row in said(found, "harmful")] == ["", ""]
    # 60 % complied and 45 % broken: at least 5 % are both (Fréchet).
    rates = [
        found.rates[0].model_copy(update={"origin": at_origin(incoherent=0.46, refused=0.54)}),
        found.rates[1].model_copy(update={"origin": at_origin(complied=0.6, refused=0.4)}),
    ]
    second = said(found.model_copy(update={"rates": rates}), "harmful")[1]
    assert second.note == "at least 6.0 % are called incoherent or other by another judge"


def test_one_prompt_and_one_judge() -> None:
    found = judged(summary(prompts=1, directions=1, points=3), judges=(COHERENCE,))
    (row,) = said(found, "harmful")
    assert row.n == "1"
    assert agreed(found) == []


def test_a_summary_of_an_earlier_version_has_no_rates() -> None:
    assert said(summary(), "harmful") == agreed(summary()) == graded(summary()) == []
    assert cautions(summary()) == []
