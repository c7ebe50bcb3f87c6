from __future__ import annotations

from safebasin.report.charts.capability import chart, legend
from safebasin.report.charts.traces import layout

from ..factory_line import measured_scan


def made(**changes):
    found = measured_scan(**changes)
    frame = layout(found.axis_P, found.axis_label, 10)
    return found, chart(found.axis_P, found.curves, found.measures, frame)


def lines(found):
    return [trace for trace in found["data"] if "customdata" in trace]


def test_shares_are_on_the_left_and_the_rest_on_a_logarithm_on_the_right():
    found, drawn = made()
    axes = [trace.get("yaxis", "y") for trace in lines(drawn)]
    assert axes == ["y", "y", "y", "y2"]
    assert drawn["layout"]["yaxis2"]["type"] == "log"
    assert drawn["layout"]["yaxis2"]["title"]["text"] == "perplexity, log scale"
    assert lines(drawn)[3]["y"] == found.measures[1].curve.mean_P


def test_without_measures_there_are_two_lines_and_one_axis():
    _, drawn = made(measures=())
    assert len(lines(drawn)) == 2
    assert "yaxis2" not in drawn["layout"]


def test_words_carry_value_interval_and_unit():
    _, drawn = made()
    assert lines(drawn)[0]["customdata"][10] == "refused, harmful prompts: 97 % [91, 100]"
    assert lines(drawn)[3]["customdata"][10].startswith(
        "Perplexity of plain text (perplexity, right axis): 9.5 ["
    )


def test_the_legend_looks_like_the_lines():
    found, drawn = made()
    entries = legend(found.curves, found.measures)
    assert len({(colour, dash) for _, colour, dash in entries}) == 4
    for (_, colour, dash), trace in zip(entries, lines(drawn), strict=True):
        assert trace["line"]["color"] == f"@{colour}"
        drawn_dash = trace["line"]["dash"].replace("solid", "").replace("px", "")
        assert drawn_dash.split(",") == dash.split(" ")


def test_a_point_without_a_measure_is_a_gap():
    _, drawn = made(missing_points=(4,))
    assert lines(drawn)[0]["y"][4] is None
    assert "undefined" in lines(drawn)[0]["customdata"][4]
