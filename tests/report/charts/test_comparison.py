from __future__ import annotations

import itertools

import pytest

from safebasin.report.charts.comparison import charts
from safebasin.report.places import places

from ..factory_comparison import comparison


def lines(measure):
    return [
        trace for trace in measure["data"] if trace["mode"] == "lines" and "dash" in trace["line"]
    ]


def test_every_run_has_a_line_of_its_own_in_every_measure():
    measures = charts(comparison(runs=12))["overlay"]["measures"]
    assert [one["name"] for one in measures] == [
        "refused", "complied", "incoherent", "coherent-benign", "keyword-asr",
    ]  # fmt: skip
    for measure in measures:
        drawn = lines(measure)
        assert [trace["meta"] for trace in drawn] == list(range(12))
        looks = {(trace["line"]["color"], trace["line"]["dash"]) for trace in drawn}
        assert len(looks) == 12
        for one, other in itertools.pairwise(drawn):
            assert one["line"]["color"] != other["line"]["color"]
            assert one["line"]["dash"] != other["line"]["dash"]


def test_lines_are_the_curves():
    found = comparison()
    for trace, run in zip(lines(charts(found)["overlay"]["measures"][3]), found.runs, strict=True):
        assert trace["y"] == pytest.approx(run.curves["benign"].complied.mean_P, abs=1e-5)
        assert trace["customdata"][10].startswith(f"{run.name}, α = 0.00: ")


def test_edges_are_ticks_on_both_sides_and_none_beyond_the_range():
    found = comparison(runs=3, safety=0.6)
    ticks = [one for one in charts(found)["overlay"]["measures"][0]["data"] if "yaxis" in one]
    assert {(one["meta"], one["y"][0]) for one in ticks} == {(0, 0), (1, 0), (2, 0)}
    assert ticks[0]["x"] == [-0.24, 0.24]
    reached = charts(comparison(runs=3))["overlay"]["measures"][0]["data"]
    assert len([one for one in reached if "yaxis" in one]) == 6


def test_a_run_without_a_kind_has_no_line():
    found = comparison(runs=2)
    harmful = {"harmful": found.runs[1].curves["harmful"]}
    runs = [found.runs[0], found.runs[1].model_copy(update={"curves": harmful})]
    measures = charts(found.model_copy(update={"runs": runs}))["overlay"]["measures"]
    assert [len(lines(measure)) for measure in measures] == [2, 2, 2, 1, 2]


def test_the_forest_shows_every_difference_with_its_interval():
    found = comparison(runs=12)
    for panel, name in zip(
        charts(found)["forest"], ("visage", "safety_edge", "capability_edge"), strict=True
    ):
        assert panel["name"] == name
        assert panel["layout"]["yaxis"]["ticktext"] == [run.name for run in found.runs[1:]]
        low, high = panel["layout"]["xaxis"]["range"]
        for mark, difference in zip(panel["data"], found.differences, strict=True):
            estimate = getattr(difference, name)
            assert mark["x"] == [estimate.value]
            up, down = mark["error_x"]["array"][0], mark["error_x"]["arrayminus"][0]
            assert estimate.value + up == pytest.approx(estimate.high, abs=1e-4)
            assert estimate.value - down == pytest.approx(estimate.low, abs=1e-4)
            assert low < estimate.low <= estimate.high < high


def test_both_edges_have_one_scale():
    _, safety, capability = charts(comparison())["forest"]
    assert safety["layout"]["xaxis"]["range"] == capability["layout"]["xaxis"]["range"]


def test_an_undefined_difference_is_a_word():
    panel = charts(comparison(safety=None))["forest"][0]
    assert panel["data"] == []
    assert [one["text"] for one in panel["layout"]["annotations"]] == ["undefined"] * 3
    low, high = panel["layout"]["xaxis"]["range"]
    assert low < 0 < high


def test_a_comparison_has_no_places():
    assert places(comparison()) == []
