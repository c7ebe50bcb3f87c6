from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mpl_toolkits.mplot3d import Axes3D

from safebasin.errors import UsageError
from safebasin.report import figures

from ..factory import summary
from ..factory_comparison import comparison
from ..factory_line import line
from ..factory_plane import plane
from ..factory_searches import searches
from .suffixes import SUFFIXES


def drawn(found):
    made = figures.draw(found, "published")
    return made, made.axes[0]


def test_a_scan_is_its_mean_over_each_direction():
    found = summary(directions=4, points=11)
    _, axes = drawn(found)
    curve = found.curves["harmful"].keyword_asr
    *single, mean = axes.get_lines()
    assert len(single) == 4
    for one, known_P in zip(single, curve.directions_DP, strict=True):
        np.testing.assert_allclose(one.get_ydata(), 100 * np.array(known_P))
    np.testing.assert_allclose(mean.get_ydata(), 100 * np.array(curve.mean_P))
    np.testing.assert_allclose(mean.get_xdata(), found.axis_P)
    assert axes.get_ylim() == (0, 100)


def test_a_single_direction_is_one_line():
    _, axes = drawn(summary(directions=1))
    assert len(axes.get_lines()) == 1


def test_a_surface_is_asr_in_per_cent_over_both_coordinates(monkeypatch):
    found, drawn_with = plane(nx=5, ny=4), []
    whole = Axes3D.plot_surface

    def plot(axes, *arrays, **look):
        drawn_with.extend(arrays)
        return whole(axes, *arrays, **look)

    monkeypatch.setattr(Axes3D, "plot_surface", plot)
    _, axes = drawn(found)
    x_YX, y_YX, asr_YX = drawn_with
    np.testing.assert_allclose(x_YX[0], found.x.values)
    np.testing.assert_allclose(y_YX[:, 0], found.y.values)
    share_YX = np.array(found.maps["harmful"].keyword_asr.share_YX)
    np.testing.assert_allclose(asr_YX, 100 * share_YX)
    assert axes.get_zlim() == (0, 100)


@pytest.mark.parametrize("found", [summary(directions=3), plane(nx=3, ny=3)])
def test_it_says_what_was_asked_and_by_whom_it_was_judged(found):
    made, axes = drawn(found)
    said = made.get_supxlabel()
    assert "organism:harmful" in said
    assert "by keyword" in said
    assert "VISAGE" in axes.get_title()
    assert "organism:benign" not in said


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "found", [summary(missing_points=(0, 4)), plane(nx=4, ny=3, missing=[(1, 1)])]
)
def test_the_same_summary_gives_the_same_bytes(tmp_path, found, suffix):
    for name in ("one", "two"):
        figures.save(found, tmp_path / f"{name}{suffix}", "published")
    made = [(tmp_path / f"{name}{suffix}").read_bytes() for name in ("one", "two")]
    assert made[0] == made[1]


@pytest.mark.parametrize("changes", [{"points": 1}, {"partial": True}, {"safety": None}])
def test_odd_scans_are_drawn(tmp_path, changes):
    figures.save(summary(**changes), tmp_path / "a.pdf", "published")


def test_a_run_without_the_keyword_judge_is_told_how_to_get_it():
    found = summary()
    lacking = found.model_copy(update={"judges": found.judges[:1]})
    with pytest.raises(UsageError, match=r"'keyword'.*judge RUN --judge keyword"):
        figures.draw(lacking, "published")


@pytest.mark.parametrize(
    ("found", "what"),
    [
        (line(), "path"),
        (plane(study="path", checkpoints=2), "path"),
        (searches(), "adaptive"),
        (comparison(), "comparison"),
        (plane(nx=3, ny=1), "two coordinates"),
    ],
)
def test_other_studies_are_told_what_has_such_a_figure(found, what):
    with pytest.raises(UsageError, match=f"{what}.*safebasin surface"):
        figures.draw(found, "published")


def test_a_figure_is_chosen_by_name_and_file(tmp_path):
    assert figures.chosen("a.svg", tmp_path) == ("landscape", Path("a.svg"))
    assert figures.chosen("published=a.png", tmp_path) == ("published", Path("a.png"))
    assert figures.chosen("published", tmp_path) == ("published", tmp_path / "published.pdf")
