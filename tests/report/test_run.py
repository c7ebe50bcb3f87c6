"""The page of a run shows every answer once, as text."""

from __future__ import annotations

from pathlib import Path

import pytest
from scans import RESPONSES, files

from safebasin.errors import ResourceError
from safebasin.report.run import examples, write_page
from safebasin.store import reading
from safebasin.studies.result import Scan


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
    assert {one.direction for one in found if one.alpha == 0} == {0}
    assert {one.kind for one in found} == {"harmful", "benign"}
    assert {one.alpha for one in found} == set(finished.summary.axis_P)


def test_labels_are_those_of_the_judges(finished: Scan) -> None:
    first, direction = finished.summary.judges[0].name, finished.summary.directions[1]
    alpha = finished.summary.axis_P[-1]
    with reading(finished.folder) as store:
        verdicts = store.verdicts(first, f"{direction.key}@{alpha!r}")
        there = [e for e in examples(store, finished.summary)
                 if e.direction == 1 and e.alpha == alpha]  # fmt: skip
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
