"""`safebasin compare`: what it prints, where, and with which exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from scans import settings

from safebasin.studies.landscape import plan, run
from safebasin.studies.result import Comparison, Scan, open_run


@pytest.fixture(scope="module")
def wrapped(tiny, tmp_path_factory) -> Scan:
    out = tmp_path_factory.mktemp("runs") / "wrapped"
    return run(plan(settings(tiny, out, jailbreak="story")))


def test_json_is_the_summary_and_nothing_else(call, finished, wrapped, tmp_path) -> None:
    out = tmp_path / "out"
    found = call("compare", finished.folder, wrapped.folder, "--out", out, "--json")
    assert (found.exit_code, found.stderr) == (0, "")
    assert found.stdout == (out / "summary.json").read_text(encoding="utf-8")
    assert [run["name"] for run in json.loads(found.stdout)["runs"]] == ["none", "story"]


def test_it_prints_its_numbers_and_where_the_page_is(call, finished, wrapped, tmp_path) -> None:
    found = call("compare", finished.folder, wrapped.folder, "--out", tmp_path / "out")
    assert found.exit_code == 0
    assert str(tmp_path / "out" / "report.html") in found.stdout
    assert (tmp_path / "out" / "report.html").exists()


def test_quiet_prints_nothing(call, finished, wrapped, tmp_path) -> None:
    words = ("compare", finished.folder, wrapped.folder, "--out", tmp_path / "out", "--quiet")
    found = call(*words)
    assert (found.exit_code, found.output) == (0, "")
    assert (tmp_path / "out" / "report.html").exists()


def test_by_default_it_goes_beside_the_runs(call, finished, wrapped, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("compare", finished.folder, wrapped.folder, "--quiet").exit_code == 0
    (folder,) = Path("safebasin-runs").iterdir()
    assert folder.name.startswith("compare-")
    assert isinstance(open_run(folder), Comparison)
    shown = call("show", folder, "--json")
    assert shown.stdout == (folder / "summary.json").read_text(encoding="utf-8")
    assert call("show", folder).exit_code == 0
    assert call("report", folder, "--out", tmp_path / "page.html").exit_code == 0


def test_what_cannot_be_compared_is_one_line(refused, finished, tmp_path) -> None:
    for words, said in (
        ((), "name two or more"),
        ((tmp_path,), "is not a run"),
    ):
        found = refused("compare", finished.folder, *words)
        assert found.exit_code == 2
        assert said in found.stderr
        assert found.stdout == ""


def test_without_any_run_it_is_usage(call) -> None:
    assert call("compare").exit_code == 2
