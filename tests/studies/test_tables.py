"""Every summary is a tidy table, and text in it is no formula to a spreadsheet."""

from __future__ import annotations

import sys

import pandas as pd
import pytest
from report.factory import summary as scan
from report.factory_comparison import comparison
from report.factory_line import line
from report.factory_plane import plane

from safebasin.errors import ResourceError, UsageError
from safebasin.studies.tables import rows, to_pandas, write

LABELS = {"refused", "complied", "incoherent", "other", "keyword_asr"}


@pytest.mark.parametrize("make", [scan, line, plane, comparison])
def test_one_share_a_row(make) -> None:
    frame = to_pandas(make())
    assert {"prompts", "label", "share", "low", "high"} <= set(frame.columns)
    assert set(frame["label"]) == LABELS
    assert set(frame["prompts"]) == {"harmful", "benign"}
    assert frame["share"].dropna().between(0, 1).all()
    coordinates = [name for name in frame.columns if name not in ("share", "low", "high")]
    assert not frame.duplicated(coordinates).any()


def test_a_scan_has_its_mean_and_each_direction() -> None:
    found = scan(directions=2, points=5)
    frame = to_pandas(found)
    assert len(frame) == 2 * 5 * 5 * (1 + 2)
    mean = frame[frame["direction"].isna() & (frame["label"] == "refused")]
    mean = mean[mean["prompts"] == "harmful"]
    assert mean["share"].tolist() == found.curves["harmful"].refused.mean_P
    assert mean["alpha"].tolist() == found.axis_P
    second = frame[(frame["direction"] == 1) & (frame["label"] == "refused")]
    second = second[second["prompts"] == "harmful"]
    assert second["share"].tolist() == found.curves["harmful"].refused.directions_DP[1]


def test_a_plane_has_a_row_for_each_place() -> None:
    found = plane()
    frame = to_pandas(found)
    here = frame[(frame["label"] == "refused") & (frame["prompts"] == "harmful")]
    assert len(here) == len(found.x.values) * len(found.y.values)
    x, y = found.x.values[-1], found.y.values[0]
    one = here[(here["x"] == x) & (here["y"] == y)]["share"].tolist()
    assert one == [found.maps["harmful"].refused.share_YX[0][-1]]


def test_files_hold_the_same(tmp_path) -> None:
    found = scan(directions=1, points=3)
    frame = to_pandas(found)
    whole = pd.read_parquet(write(found, tmp_path / "t.parquet"))
    text = pd.read_csv(write(found, tmp_path / "t.csv"))
    for other in (whole, text):
        pd.testing.assert_frame_equal(other, frame, check_dtype=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.csv", "t.parquet"]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "\u00a0=1"])
def test_no_cell_is_a_formula(name: str, tmp_path) -> None:
    found = comparison()
    runs = [found.runs[0].model_copy(update={"name": name}), *found.runs[1:]]
    path = write(found.model_copy(update={"runs": runs}), tmp_path / "t.csv")
    assert f"'{name}" in path.read_text(encoding="utf-8")
    assert next(rows(found.model_copy(update={"runs": runs})))["run"] == name


def test_another_suffix_is_refused(tmp_path) -> None:
    with pytest.raises(UsageError, match=r"ends in \.parquet or \.csv"):
        write(scan(), tmp_path / "t.xlsx")


def test_a_folder_that_is_not_there(tmp_path) -> None:
    with pytest.raises(ResourceError, match="cannot be written"):
        write(scan(), tmp_path / "nowhere" / "t.csv")


def test_without_pandas_it_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ResourceError, match=r"pip install 'safebasin\[analysis\]'"):
        to_pandas(scan())
