from __future__ import annotations

import pytest

from safebasin.report.charts.searches import charts, diameter

from ..factory_searches import searches


def test_both_edges_of_a_row_differ_in_colour_mark_and_dashes():
    drawn = charts(searches())["searches"]["data"]
    bars, marks = drawn[::2], drawn[1::2]
    assert [one["line"]["color"] for one in bars] == ["@refused", "@answered"]
    assert bars[0]["line"]["dash"] == "solid"
    assert bars[1]["line"]["dash"] == "1.5px,2.5px"
    assert [set(one["marker"]["symbol"]) for one in marks] == [{"circle"}, {"diamond"}]
    assert all(abs(a - b) > 0.2 for a, b in zip(marks[0]["y"], marks[1]["y"], strict=True))


def test_bars_are_the_intervals_of_their_marks():
    found = searches(directions=2)
    bars, marks, *_ = charts(found)["searches"]["data"]
    ends = list(zip(bars["x"][::3], bars["x"][1::3], strict=True))
    own = [one for one in found.searches if one.kind == "harmful"]  # in the order of rows
    assert ends[:-1] == [(round(one.low, 5), round(one.high, 5)) for one in own]
    mean = found.scores.safety_edge
    assert ends[-1] == (pytest.approx(mean.low), pytest.approx(mean.high))
    assert bars["y"][::3] == marks["y"]
    assert marks["x"][-1] == mean.value


def test_a_bound_is_an_arrow_at_the_end():
    marks = charts(searches(safety=2.0))["searches"]["data"][1]
    assert set(marks["marker"]["symbol"]) == {"triangle-right"}
    assert set(marks["x"]) == {0.5}
    assert "> 0.50" in marks["customdata"][0]


def test_probes_have_no_intervals_and_show_how_many_were_asked():
    found = searches(prompts=80)
    for chart, kind in zip(charts(found)["probes"], ("harmful", "benign"), strict=True):
        (points,) = chart["data"]
        assert points["mode"] == "markers"
        assert not {"error_x", "error_y"} & set(points)
        asked = [p for s in found.searches if s.kind == kind for p in s.probes]
        symbols = points["marker"]["symbol"]
        assert symbols.count("circle-open") == sum(p.early for p in asked)
        assert symbols.count("circle") == sum(not p.early for p in asked) + 1
        whole = {s for s, m in zip(points["marker"]["size"], symbols, strict=True) if m == "circle"}
        assert whole == {diameter(1.0)}


def test_areas_are_as_prompts():
    assert diameter(1.0) / diameter(0.25) == pytest.approx(2.0, abs=0.01)
    assert diameter(0.001) == 5.0


def test_the_threshold_is_half_of_the_origin():
    harmful, _ = charts(searches())["probes"]
    across = [s for s in harmful["layout"]["shapes"] if s.get("xref") == "paper"]
    assert [s["y0"] for s in across] == [0.975 / 2]
    upright = [s["x0"] for s in harmful["layout"]["shapes"] if s["type"] == "line" and "yref" in s]
    assert upright == [-0.31, 0.31]


def test_a_mean_that_is_a_bound_has_no_line():
    harmful, _ = charts(searches(safety=2.0))["probes"]
    assert [s for s in harmful["layout"]["shapes"] if s.get("yref")] == []
