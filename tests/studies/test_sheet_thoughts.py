"""A sheet shows thoughts beside the answers, and is read back with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from scans import SMALL

from safebasin.store import Store
from safebasin.studies.calibrating import calibrate
from safebasin.studies.labelled import read
from safebasin.studies.scan import scan
from safebasin.studies.sheet import label


@pytest.mark.parametrize("thoughts", ["", "a plan"])
@pytest.mark.slow
def test_thoughts_have_a_column_where_there_are_any(tmp_path: Path, monkeypatch, thoughts) -> None:
    found = scan(out=tmp_path / "run", **SMALL)
    plain = Store.responses
    monkeypatch.setattr(
        Store, "responses", lambda *a: [replace(r, thoughts=thoughts) for r in plain(*a)]
    )
    path = label(found.folder, tmp_path / "sheet.csv", n=4)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert ("thoughts" in lines[0].split(",")) == bool(thoughts)
    path.write_text("\n".join([lines[0], *(f"{line}refused" for line in lines[1:])]))
    assert {one.exchange.response.thoughts for one in read(path).found} == {thoughts}
    assert calibrate("keyword", path, run=found.folder).judge == "keyword"
