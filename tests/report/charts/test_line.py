from __future__ import annotations

import pytest

from safebasin.report.charts.line import charts
from safebasin.report.facts.line import ticks

from ..factory_line import line


def shapes(chart, kind):
    return [shape for shape in chart["layout"]["shapes"] if shape["type"] == kind]


def test_both_ends_are_marked_and_named():
    chart = charts(line())["harmful"]
    axis = chart["layout"]["xaxis"]
    words = dict(zip(axis["tickvals"], axis["ticktext"], strict=True))
    assert words[0] == "0<br>0<br>organism:chat"
    assert words[1] == "1<br>0.083<br>organism:base"
    assert words[0.5] == "0.5<br>0.042"
    dashed = [one for one in shapes(chart, "line") if one["line"]["color"] == "@page"]
    assert [one["x0"] for one in dashed] == [0.0, 1.0]


def test_what_lies_beyond_the_ends_is_veiled():
    veiled = [one for one in shapes(charts(line())["harmful"], "rect") if "@page" in str(one)]
    assert [(one["x0"], one["x1"]) for one in veiled] == [(-0.25, 0.0), (1.0, 1.25)]
    inside = charts(line(start=0.0, end=1.0))["harmful"]
    assert not [one for one in shapes(inside, "rect") if "@page" in str(one)]


def test_falls_are_marked_once_with_their_intervals():
    chart = charts(line())["harmful"]
    drawn = {one["x0"] for one in shapes(chart, "line") if one["line"]["color"] == "@text"}
    assert drawn == {0.62, 1.12}
    spans = {(one["x0"], one["x1"]) for one in shapes(chart, "rect") if "@text" in str(one)}
    assert {tuple(round(x, 6) for x in span) for span in spans} == {(0.59, 0.65), (1.09, 1.15)}
    names = [one["text"] for one in chart["layout"]["annotations"] if one.get("yref") == "paper"]
    assert names == ["refusals fall 0.62", "coherence falls 1.12"]


def test_checkpoints_lie_at_their_projections_with_what_was_measured():
    found = line()
    marks = charts(found)["trajectory"]["data"][-1]
    places = found.trajectory.places
    assert marks["x"] == [place.x for place in places]
    for place, value, up, down in zip(
        places,
        marks["y"],
        marks["error_y"]["array"],
        marks["error_y"]["arrayminus"],
        strict=True,
    ):
        share = place.measured["harmful"]["refused"]
        assert value == share.value
        assert value + up == pytest.approx(share.high, abs=1e-5)
        assert value - down == pytest.approx(share.low, abs=1e-5)
    assert "step-100, t = 0.25: measured" in marks["customdata"][0]


def test_a_checkpoint_that_was_only_placed_has_no_mark():
    found = line()
    bare = [place.model_copy(update={"measured": {}}) for place in found.trajectory.places]
    placed = found.trajectory.model_copy(update={"places": bare})
    chart = charts(found.model_copy(update={"trajectory": placed}))["trajectory"]
    assert chart["data"][-1]["x"] == []


def test_layers_are_bars_of_the_second_checkpoint():
    found = line()
    chart = charts(found)["layers"]
    assert chart["data"][0]["x"] == list(found.places[0].layers.values())
    assert chart["layout"]["yaxis"]["ticktext"][0] == "embedding"
    many = charts(line(blocks=80))["layers"]["layout"]["yaxis"]["ticktext"]
    assert len(many) <= 14


@pytest.mark.parametrize(
    ("start", "end"), [(0.0, 1.0), (-0.25, 1.25), (-3.0, 4.0), (0.0, 0.3), (-50.0, 90.0)]
)
def test_ticks_are_few_and_hold_the_ends(start, end):
    found = line(start=start, end=end, points=8)
    places, _ = ticks(found.axis, ("a", "b"))
    assert 2 <= len(places) <= 9
    assert places == sorted(set(places))
    assert all(start <= t <= end for t in places)
    assert all(t in places for t in (0.0, 1.0) if t <= end)


def test_a_group_without_a_distance_has_no_bar():
    found = line()
    end = found.places[0].model_copy(update={"layers": {"embedding": None, "head": 0.1}})
    bars = charts(found.model_copy(update={"places": [end]}))["layers"]["data"][0]
    assert bars["x"] == [None, 0.1]
    assert bars["customdata"][0] == "embedding: undefined"
