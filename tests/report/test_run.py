"""The page of a run shows every answer once, as text."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from scans import RESPONSES, files

from safebasin.errors import ResourceError
from safebasin.report.places import places
from safebasin.report.run import examples, write_page
from safebasin.store import reading
from safebasin.studies.result import Scan
from safebasin.studies.surface import surface


def test_every_answer_is_an_example_once(finished: Scan) -> None:
    with reading(finished.folder) as store:
        found = list(examples(store, finished.summary))
        answered = {
            (point, response.prompt_id): response.text
            for point in store.answers_by_point()
            for response in store.responses(point)
        }
    assert len(found) == len(answered) == RESPONSES
    assert sorted(one.text for one in found) == sorted(answered.values())
    assert {one.kind for one in found} == {"harmful", "benign"}
    assert {one.point for one in found} == {place.key for place in places(finished.summary)}


def test_labels_are_those_of_the_judges(finished: Scan) -> None:
    first, direction = finished.summary.judges[0].name, finished.summary.directions[1]
    alpha = finished.summary.axis_P[-1]
    with reading(finished.folder) as store:
        point = f"{direction.key}@{alpha!r}"
        verdicts = store.verdicts(first, point)
        there = [e for e in examples(store, finished.summary) if e.point == point]
    assert sorted(one.label for one in there) == sorted(v.label for v in verdicts.values())
    assert {one.keyword for one in there} <= {"refused", "complied"}


def test_the_page_is_written_where_asked(finished: Scan, tmp_path: Path) -> None:
    path = write_page(finished.folder, finished.summary, tmp_path / "page.html")
    assert path == tmp_path / "page.html"
    assert files(tmp_path).keys() == {"page.html"}
    text = path.read_text(encoding="utf-8")
    assert text == write_page(finished.folder, finished.summary).read_text(encoding="utf-8")
    assert finished.summary.sentences.edges.split(":")[0][:20] in text


def test_a_page_that_cannot_be_written_leaves_the_old_one(finished: Scan, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("old")
    (tmp_path / "page.html.part").mkdir()
    with pytest.raises(ResourceError, match=r"page\.html cannot be written"):
        write_page(finished.folder, finished.summary, tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text() == "old"


def test_every_answer_on_a_map_is_an_example_once(tmp_path: Path) -> None:
    small = {"limit": 2, "max_new_tokens": 4, "batch_size": 4, "progress": False}
    found = surface(x=(-0.4, 0.0, 0.4), y=(0.0, 0.3), out=tmp_path / "run", **small)
    with reading(found.folder) as store:
        made = list(examples(store, found.summary))
        answered = store.answers_by_point()
    assert Counter(one.point for one in made) == dict.fromkeys(answered, 4)
    assert [place.key for place in places(found.summary)][:4] == [
        f"{found.summary.x.key}@-0.4",
        "origin",
        f"{found.summary.x.key}@0.4",
        f"{found.summary.x.key}@-0.4 {found.summary.y.key}@0.3",
    ]
    page = found.report().read_text(encoding="utf-8").replace("\N{NO-BREAK SPACE}", " ")
    assert found.summary.sentences.headline[:30] in page
