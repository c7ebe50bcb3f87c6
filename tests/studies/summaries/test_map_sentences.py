"""Lines and planes in words: they say what the numbers say."""

from __future__ import annotations

from typing import Any

import pytest

from safebasin.studies.summaries.map_sentences import for_line, for_plane


@pytest.fixture(params=["plane", "line"])
def said(request, finished_surface, finished_line):
    """The sentences of one of the two, with some of its numbers changed."""
    is_plane = request.param == "plane"
    summary = (finished_surface if is_plane else finished_line).summary

    def changed(ordering: str = "undetermined", **scores: Any):
        kept = summary.scores
        for name, change in scores.items():
            field = {
                "safety": "safety_edge" if is_plane else "refusals_fall",
                "capability": "capability_edge" if is_plane else "coherence_falls",
            }[name]
            estimate = getattr(kept, field).model_copy(update=change)
            kept = kept.model_copy(update={field: estimate})
        made = summary.model_copy(update={"scores": kept, "ordering": ordering})
        return (for_plane if is_plane else for_line)(made)

    return changed


FOUND = {"value": 0.31, "low": 0.28, "high": 0.34, "censored": 0}
WIDER = {"value": 0.47, "low": 0.41, "high": 0.52, "censored": 0}
NONE = {"value": None, "low": None, "high": None, "censored": 0}


@pytest.mark.parametrize(
    ("ordering", "words"),
    [
        ("capability_first", "stops making sense before it stops refusing"),
        ("safety_first", "stops refusing while it still makes sense"),
        ("indistinguishable", "cannot be told apart"),
        ("undetermined", "too narrow"),
    ],
)
def test_each_ordering_has_its_words(said, ordering: str, words: str) -> None:
    found = said(ordering, safety=FOUND, capability=WIDER).edges
    assert words in found
    assert "0.31 [0.28, 0.34]" in found
    assert "0.47 [0.41, 0.52]" in found


def test_a_model_that_does_not_refuse_has_nothing_to_lose(said) -> None:
    assert "does not refuse" in said(safety=NONE, capability=FOUND).edges


def test_a_model_that_makes_no_sense(said) -> None:
    found = said(safety=FOUND, capability=NONE).edges
    assert "no capability edge" in found or "gives no coherent answers" in found


def test_a_fall_beyond_the_map_is_a_lower_bound(said) -> None:
    found = said(safety={**FOUND, "censored": 5}, capability=WIDER)
    assert "more than 0.31" in found.edges
    assert any("lower bound" in caveat for caveat in found.caveats)
    assert not any("lower bound" in c for c in said(safety=FOUND, capability=WIDER).caveats)
