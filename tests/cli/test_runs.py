"""A folder of runs: what is listed, and the page that leads to theirs."""

from __future__ import annotations

import shutil
from html import unescape
from pathlib import Path

import pytest

import safebasin
from safebasin.errors import UsageError
from safebasin.studies.result import Scan
from safebasin.studies.runs import holds_runs, runs, write_index


@pytest.fixture
def folder(finished: Scan, tmp_path: Path) -> Path:
    """A finished run, one that was stopped, a damaged one, a comparison, and something else."""
    home = tmp_path / "all & mine"
    shutil.copytree(finished.folder, home / "a #1")
    shutil.copytree(finished.folder, home / "b")
    for name in ("summary.json", "report.html"):
        (home / "b" / name).unlink()
    (home / "c").mkdir()
    (home / "c" / "summary.json").write_text('{"study": "<script>alert(1)</script>"}')
    safebasin.compare(home / "a #1", home / "a #1", out=home / "d").report()
    (home / "notes").mkdir()
    (home / "notes.txt").write_text("mine")
    return home


def test_each_run_is_listed_as_far_as_it_is(folder: Path, finished: Scan) -> None:
    done, stopped, damaged, compared = runs(folder)
    assert done.complete
    assert done.found == finished.summary.sentences.headline
    assert (done.study, done.asked) == ("scan", "organism-harmful, organism-benign")
    assert not stopped.complete
    assert stopped.model == done.model
    assert "not finished" in stopped.found
    assert not damaged.complete
    assert "cannot be read" in damaged.found
    assert compared.study == "compare"


def test_the_index_leads_to_every_page(folder: Path) -> None:
    text = write_index(folder).read_text(encoding="utf-8")
    assert 'href="./a%20%231/report.html"' in text
    assert 'href="./d/report.html"' in text
    assert 'href="./b' not in text
    assert text.count("<article") == 4
    assert text.count("not complete") == 2
    assert "<script" not in text
    assert "default-src 'none'" in unescape(text)


def test_a_folder_of_runs_is_not_a_run(folder: Path, tmp_path: Path) -> None:
    assert holds_runs(folder)
    assert not holds_runs(folder / "a #1")
    assert not holds_runs(folder / "notes")
    assert not holds_runs(tmp_path / "missing")
    assert runs(folder / "notes") == []
    with pytest.raises(UsageError, match="missing"):
        runs(tmp_path / "missing")


def test_the_command_line_says_the_same(call, refused, folder: Path) -> None:
    listed = call("list", "runs", folder)
    assert listed.exit_code == 0
    assert "not finished" in listed.stdout
    assert "holds no run yet" in call("list", "runs", folder / "notes").stdout
    assert call("report", folder).stdout.strip() == f"The index: {folder / 'index.html'}"
    assert refused("report", folder, "--figure", "x.pdf").exit_code == 2
    shared = refused("report", folder, "--share")
    assert shared.exit_code == 2
    assert "--share" in shared.stderr
