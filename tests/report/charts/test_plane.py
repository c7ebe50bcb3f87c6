from __future__ import annotations

import numpy as np
import pytest

from safebasin.report.charts.plane import charts

from ..factory_plane import plane
from ..payloads import EACH


def named(found):
    return {measure["name"]: measure for measure in charts(found)["measures"]}


def test_shares_are_those_of_the_summary_row_by_row():
    found = plane(nx=5, ny=3)
    maps = named(found)
    for name, kind, field in (
        ("complied", "harmful", "complied"),
        ("keyword-asr", "harmful", "keyword_asr"),
        ("refused", "harmful", "refused"),
        ("incoherent", "harmful", "incoherent"),
        ("coherent-benign", "benign", "complied"),
    ):
        share_YX = np.array(getattr(found.maps[kind], field).share_YX)
        np.testing.assert_array_equal(maps[name]["levels"], np.rint(share_YX.ravel() * 10_000))
    low_YX = np.array(found.maps["harmful"].refused.low_YX)
    np.testing.assert_array_equal(maps["refused"]["low"], np.rint(low_YX.ravel() * 10_000))


def test_a_place_without_an_answer_stays_one():
    levels = named(plane(nx=5, ny=3, missing=[(1, 2)]))["refused"]["levels"]
    assert [i for i, level in enumerate(levels) if level is None] == [7]


def test_a_fine_map_has_no_intervals():
    assert "low" in named(plane(nx=51, ny=51))["refused"]
    assert "low" not in named(plane(nx=52, ny=51))["refused"]


def test_a_capability_fills_its_scale():
    found = plane(nx=9, ny=9, measures=("accuracy", "perplexity"))
    accuracy, perplexity = charts(found)["measures"][-2:]
    assert accuracy["scale"] == ["0.0 %", "50.0 %", "100.0 %"]
    assert accuracy["half"] is True
    assert (min(perplexity["levels"]), max(perplexity["levels"])) == (0, 10_000)
    value_YX = np.array(found.measures[1].value_YX)
    assert perplexity["texts"][0] == f"{value_YX[0, 0]:.4g}"
    assert perplexity["half"] is False


def test_a_wide_capability_has_a_logarithmic_scale():
    found = plane(nx=9, ny=9, measures=("perplexity",))
    value_YX = np.array(found.measures[0].value_YX)
    low, high = np.log(value_YX.min()), np.log(value_YX.max())
    expected = np.rint(10_000 * (np.log(value_YX.ravel()) - low) / (high - low))
    np.testing.assert_allclose(charts(found)["measures"][-1]["levels"], expected, atol=1)


@pytest.mark.parametrize("value", [3.0, None])
def test_a_capability_that_is_the_same_everywhere_is_drawn(value):
    found = plane(nx=3, ny=3, measures=("perplexity",))
    flat = found.measures[0].model_copy(update={"value_YX": [[value] * 3] * 3})
    made = charts(found.model_copy(update={"measures": [flat]}))["measures"][-1]
    assert set(made["levels"]) == {None if value is None else 0}


def test_checkpoints_carry_what_a_reader_needs():
    a, b, first, *_ = charts(plane(study="path", checkpoints=3))["checkpoints"]
    assert (a["mark"], b["mark"], first["mark"]) == ("A", "B", "1")
    assert (a["x"], a["y"], a["stop"], first["stop"]) == (1.0, 0.0, False, True)
    assert first["facts"] == [
        "distance 0.0267 of ‖W‖",
        "the map holds 63.3 % of its squared displacement",
        "itself refuses 67 % [59, 75]",
    ]


def test_a_checkpoint_that_was_only_placed_says_nothing():
    found = plane(study="path")
    bare = found.places[0].model_copy(update={"measured": {}, "explained": None})
    first = charts(found.model_copy(update={"places": [bare]}))["checkpoints"][0]
    assert first["facts"] == ["distance 0.0830 of ‖W‖"]


@pytest.mark.parametrize("name", EACH)
def test_names_are_short_and_on_one_line(name):
    found = plane(nx=3, ny=3, name=name, study="path", axis_label=name)
    made = charts(found)
    for text in (made["origin"], made["x"]["label"]):
        assert len(text) <= 120
        assert text.isprintable() or not text
