"""`summary.json` is a contract: what is written is read back, and nothing else is accepted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from report.factory import summary as made_up

from safebasin import records
from safebasin.errors import IntegrityError
from safebasin.studies.result import Scan
from safebasin.summary import Estimate, ScanSummary, finite, read


@pytest.fixture(params=["finished", "made up", "never refuses"])
def summary(request: pytest.FixtureRequest, finished: Scan) -> ScanSummary:
    if request.param == "finished":
        return finished.summary
    return made_up(safety=None if request.param == "never refuses" else 0.3)


def test_it_is_read_back_equal(summary: ScanSummary, tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    path.write_text(summary.to_json(), encoding="utf-8")
    assert read(path) == summary
    assert read(path).to_json() == summary.to_json()


def test_its_bytes_are_plain_sorted_json(summary: ScanSummary) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    text = summary.to_json()
    data = json.loads(text, parse_constant=refuse)
    assert text == json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    assert data["schema_version"] == 1


def test_a_new_field_does_not_disturb_an_old_reader(summary: ScanSummary, tmp_path: Path) -> None:
    data = json.loads(summary.to_json()) | {"later": 1}
    data["status"]["later"] = 2
    (tmp_path / "summary.json").write_text(json.dumps(data))
    assert read(tmp_path / "summary.json") == summary


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cannot be read"),
        ("[]", "schema_version None"),
        ('{"schema_version": 2}', "schema_version 2; this safebasin reads 1"),
        ('{"schema_version": 1}', "not a summary"),
    ],
)
def test_what_is_no_summary_is_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text(text)
    with pytest.raises(IntegrityError, match=said):
        read(tmp_path / "summary.json")
    with pytest.raises(IntegrityError):
        read(tmp_path / "missing.json")


def test_what_is_undefined_is_null() -> None:
    nan = float("nan")
    made = Estimate.of(records.Estimate(nan, nan, nan, 0, "prompts", "none", censored=1))
    assert (made.value, made.low, made.high, made.n, made.censored) == (None, None, None, 0, 1)
    assert finite(float("inf")) is None
    assert finite(0.0) == 0.0


def test_what_acts_on_a_screen_is_escaped_and_read_back_as_it_was(tmp_path: Path) -> None:
    acting = "a\x7f\x9b31m\u202eb\u2028\u200b\ufeff\U000e0041é中"
    made = made_up().model_copy(update={"notes": [acting]})
    text = made.to_json()
    assert not set(text) & set(acting) - set("31mabé中")
    assert "é中" in text
    path = tmp_path / "summary.json"
    path.write_text(text, encoding="utf-8")
    assert read(path).notes == [acting]
