"""A result of any study can be looked at in every way, and opened again as what it is."""

from __future__ import annotations

import json
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from scans import copied
from stores import edited

from safebasin.errors import UsageError
from safebasin.report import facts, formatting
from safebasin.runfolder import request_digest
from safebasin.studies.compare import compare
from safebasin.studies.result import Comparison, Found, Line, Scan, Surface, open_run

KINDS = {"scan": Scan, "surface": Surface, "line": Line, "comparison": Comparison}


@pytest.fixture(params=list(KINDS))
def found(request, finished, finished_surface, finished_line, tmp_path: Path) -> Found:
    """One result of each kind, in a folder of its own."""
    if request.param == "comparison":
        other = shutil.copytree(finished.folder, tmp_path / "other")
        return compare(finished, other, out=tmp_path / "run")
    made = {"scan": finished, "surface": finished_surface, "line": finished_line}[request.param]
    return open_run(copied(made.folder, tmp_path / "run"))


def test_it_is_opened_as_what_it_is(found: Found, request: pytest.FixtureRequest) -> None:
    again = open_run(found.folder)
    assert type(again) is type(found) is KINDS[request.node.callspec.params["found"]]
    assert again.summary == found.summary


def test_it_has_a_figure(found: Found) -> None:
    assert found.figure().axes


def test_it_has_a_table(found: Found, tmp_path: Path) -> None:
    table = found.to_pandas()
    assert {"prompts", "label", "share", "low", "high"} <= set(table.columns)
    assert len(table)
    known = table.dropna(subset=["share"])
    assert known["share"].between(0, 1).all()
    assert found.to_parquet(tmp_path / "table.csv").read_text().count("\n") == len(table) + 1


class Seen(HTMLParser):
    """The tags and the words of some HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not attrs
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_a_notebook_shows_its_numbers_as_a_table(found: Found) -> None:
    seen = Seen(found._repr_html_())
    assert {"div", "table", "th", "td"} <= seen.tags
    assert not seen.tags - {
        "div",
        "p",
        "strong",
        "small",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    assert found.summary.sentences.headline[:600] in seen.words
    if isinstance(found, Comparison):
        names, visage = zip(
            *((row.name, row.scores.visage) for row in found.summary.runs), strict=True
        )
        assert set(names) <= set(seen.words)
        assert {str(formatting.score(one)) for one in visage} <= set(seen.words)
    else:
        for name, written in facts.numbers(found.summary):
            assert {name, written.value} <= set(seen.words)


def test_a_notebook_shows_its_figure(found: Found) -> None:
    figure = found.figure()
    assert isinstance(figure, Figure)
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_a_figure_can_be_the_published_one(found: Found) -> None:
    if not isinstance(found, Scan | Surface):
        with pytest.raises(UsageError):
            found.figure("published")
        return
    assert found.figure("published").axes[0].get_title().startswith("VISAGE")


def test_it_says_what_it_is_in_ten_lines(found: Found) -> None:
    for shown in (repr(found), str(found), repr(found.summary), str(found.summary)):
        assert 2 <= len(shown.splitlines()) <= 10
        assert max(map(len, shown.splitlines())) <= 300
    assert str(found.folder) in repr(found)
    for name in type(found.summary).model_fields:
        assert len(repr(getattr(found.summary, name))) < 3000


def test_it_has_a_page(found: Found, tmp_path: Path) -> None:
    default, named = found.report(), found.report(tmp_path / "page.html")
    assert default == found.folder / "report.html"
    private = not isinstance(found, Comparison)
    assert bool(default.stat().st_mode & 0o077) != private
    assert named.stat().st_mode & 0o777 == default.stat().st_mode & 0o777
    assert found.report(named, share=True).stat().st_mode & 0o044
    assert default.read_bytes() == named.read_bytes()
    page = default.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>") or page.startswith("<!DOCTYPE html>")
    assert "Content-Security-Policy" in page


def test_names_from_outside_are_no_markup(finished_line: Line, tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>"
    summary = finished_line.summary
    place = summary.places[0].model_copy(update={"name": hostile})
    model = summary.model.model_copy(update={"name": hostile})
    odd = Line(finished_line.folder, summary.model_copy(update={"places": [place], "model": model}))
    assert hostile not in odd._repr_html_()
    acting = summary.model_copy(
        update={"model": model.model_copy(update={"name": "a\x1b[31m‮b\n" * 40})}
    )
    for shown in (
        repr(Line(odd.folder, acting)),
        repr(acting),
        Line(odd.folder, acting)._repr_html_(),
    ):
        assert not {"\x1b", "‮"} & set(shown)
        assert len(shown.splitlines()) <= 10
    assert hostile not in odd.report(tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_run_of_a_study_that_is_unknown(finished: Scan, tmp_path: Path) -> None:
    folder = copied(finished.folder, tmp_path / "run")
    content = json.loads((folder / "run.json").read_text())
    content["request"]["study"] = "audit"
    content["request_digest"] = request_digest(content["request"])
    (folder / "run.json").write_text(json.dumps(content))
    edited(folder, "delete from fact where name = 'request'")
    with pytest.raises(UsageError, match="'audit', which this safebasin does not know: use the"):
        open_run(folder)


def test_a_folder_with_any_other_summary_is_no_run(finished: Scan, tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text(finished.summary.to_json())
    with pytest.raises(UsageError, match="is not a run"):
        open_run(tmp_path)
    assert json.loads((tmp_path / "summary.json").read_text())["study"] == "scan"
