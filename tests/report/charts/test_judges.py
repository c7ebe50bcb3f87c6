from __future__ import annotations

import pytest

from safebasin.report.charts.line import charts as on_line
from safebasin.report.charts.scan import charts as of_scan
from safebasin.report.charts.stacked import stacked
from safebasin.report.charts.traces import layout, shades

from ..factory import summary
from ..factory_judged import COHERENCE, banded, hostile, judged
from ..factory_line import line
from ..payloads import EACH


@pytest.mark.parametrize(("make", "charts"), [(summary, of_scan), (line, on_line)])
def test_a_line_with_its_interval_and_its_name_for_each_judge(make, charts):
    found = judged(make())
    chart = charts(found)["judges"]
    lines = [trace for trace in chart["data"] if "customdata" in trace]
    assert len(lines) == 3
    assert len({one["line"]["dash"] for one in lines}) == 3  # apart without colour
    assert len({one["line"]["color"] for one in lines}) == 3
    assert len(chart["data"]) == 2 * 3
    named = chart["layout"]["annotations"]
    assert [one["text"] for one in named] == ["coherence", "keyword", "llama-guard-3"]
    assert [one["font"]["color"] for one in named] == [one["line"]["color"] for one in lines]
    first = found.rates[0].curves["complied"]
    assert lines[0]["y"] == pytest.approx(first.mean_P, abs=1e-5)
    assert lines[0]["customdata"][0].startswith("coherence: ")
    assert "[" in lines[0]["customdata"][0]


@pytest.mark.parametrize("found", [summary(), judged(summary(), judges=(COHERENCE,))])
def test_one_judge_needs_no_chart(found):
    assert of_scan(found)["judges"] is None


@pytest.mark.parametrize("text", EACH)
def test_names_are_escaped(text):
    drawn = str(of_scan(hostile(summary(points=3, directions=1), text))["judges"])
    assert "<" not in drawn.replace("<extra></extra>", "")


def test_the_band_of_the_curve_lies_below_the_interval_and_is_lighter():
    found = banded(summary(points=5, directions=1))
    curve = found.curves["harmful"].refused
    outer, inner = shades(found.axis_P, curve, "@refused", 0.18)
    assert (outer["fillcolor"], inner["fillcolor"]) == ("@refused/0.09", "@refused/0.18")
    reach = [max(y for y in one["y"] if y is not None) for one in (outer, inner)]
    assert reach[0] >= reach[1]
    assert len(shades(found.axis_P, summary(points=5).curves["harmful"].refused, "@x", 0.1)) == 1


def test_charts_gain_one_area_for_each_band_and_hovers_stay_pointwise():
    plain, found = of_scan(summary()), of_scan(banded(summary()))
    for before, after in zip(
        plain["directions"]["measures"], found["directions"]["measures"], strict=True
    ):
        assert len(after["data"]) == len(before["data"]) + 1
        assert after["data"][-1]["customdata"] == before["data"][-1]["customdata"]
    assert len(found["capability"]["data"]) == len(plain["capability"]["data"]) + 2
    trajectories = [on_line(one)["trajectory"]["data"] for one in (line(), banded(line()))]
    assert len(trajectories[1]) == len(trajectories[0]) + 1


def test_keyword_asr_over_broken_text_is_said():
    found = summary(complied=False)
    frame = layout(found.axis_P, "α", 10)
    asr = stacked(found.axis_P, found.curves["harmful"], frame, "harmful")["data"][-1]
    assert asr["customdata"][0].startswith("keyword ASR 97 %")
    assert asr["customdata"][0].endswith(", most of it not coherent")
    turned = line().curves["harmful"]
    willing = stacked(line().axis.values, turned, frame, "harmful")["data"][-1]["customdata"]
    assert not any("not coherent" in words for words in willing[20:24])
