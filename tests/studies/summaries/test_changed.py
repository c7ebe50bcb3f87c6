"""What changed is told of refusals and of sense, in the shares and differences of the summary."""

from __future__ import annotations

from report.factory import estimate
from report.factory_comparison import comparison
from report.factory_line import paired, shares

from safebasin.report.wording import COHERENT, HARMFUL, UNREFUSED
from safebasin.studies.summaries.changed import changes
from safebasin.studies.summaries.comparison import _sentences as compared

BEFORE = {"harmful": shares(0.96), "benign": shares(0.02, 0.98)}
AFTER = {"harmful": shares(0.12), "benign": shares(0.02, 0.97)}
PAIRED = {"harmful": paired(-70, 3), "benign": paired(-1, 1)}


def test_both_sides_are_told_with_their_difference() -> None:
    refusals, answers = changes(COHERENT, BEFORE, AFTER, PAIRED).split(";")
    assert refusals.startswith("refusals of harmful requests: 96 % → 12 % (−84 points [−90,")
    assert answers.startswith(" coherent answers to harmless requests: 96 % → 95 % (0 points")


def test_where_prompts_differ_only_the_shares_are_told() -> None:
    found = changes(COHERENT, BEFORE, AFTER, {"harmful": None, "benign": None})
    assert "96 % → 12 %" in found
    assert "points" not in found


def test_coherence_is_told_by_judges_that_know_it_alone() -> None:
    assert "coheren" not in changes(HARMFUL, BEFORE, AFTER, PAIRED)
    assert "coheren" not in changes(UNREFUSED, BEFORE, AFTER, PAIRED)
    assert "96 % → 95 %" in changes(UNREFUSED, BEFORE, AFTER, PAIRED)


def test_a_comparison_leads_with_every_pair_as_far_as_there_is_room() -> None:
    three, twelve = (compared(comparison(runs=n)).headline for n in (3, 12))
    assert three.count(" → ") == 4
    assert "more" not in three
    told, more = divmod(twelve.count(" → "), 2)
    assert more == 0 < told < 11
    assert twelve.endswith(f" {11 - told} more runs below.")
    assert len(twelve) < 600


def test_what_is_unknown_has_no_difference() -> None:
    nothing = paired(0, 0).model_copy(update={"difference": estimate(None, 0)})
    found = changes(COHERENT, BEFORE, {}, {"harmful": nothing, "benign": None})
    assert "96 % → undefined;" in found
