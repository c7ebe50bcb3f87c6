"""`safebasin surface`: what it prints, where, and with which exit code."""

from __future__ import annotations

import json

import pytest
from scans import ASKED, files, flags, moved

from safebasin.studies.result import Surface, open_run
from safebasin.studies.surface import SurfaceSettings, plan

AXES = {"x": "-0.5,0", "y": "-0.25,0,0.25"}
SMALL = flags(**ASKED, **AXES)
RESPONSES = 6 * 6


def command(model, out, *more):
    return ["surface", model, "--out", out, *SMALL, *more]


def test_json_is_the_summary_and_nothing_else(call, tiny, tmp_path) -> None:
    found = call(*command(tiny, tmp_path / "run", "--json"))
    assert (found.exit_code, found.stderr) == (0, "")
    assert found.stdout == (tmp_path / "run" / "summary.json").read_text(encoding="utf-8")
    summary = json.loads(found.stdout)
    assert (summary["study"], summary["shape"]) == ("surface", "plane")
    assert summary["x"]["values"] == [-0.5, 0.0]
    assert summary["y"]["values"] == [-0.25, 0.0, 0.25]


def test_it_prints_its_numbers_and_where_the_page_is(call, tiny, tmp_path) -> None:
    found = call(*command(tiny, tmp_path / "run"))
    assert found.exit_code == 0
    assert str(tmp_path / "run" / "report.html") in found.stdout
    assert f"{RESPONSES} of {RESPONSES} responses" in found.stderr
    assert (tmp_path / "run" / "report.html").exists()
    assert isinstance(open_run(tmp_path / "run"), Surface)


def test_quiet_prints_nothing(call, tiny, tmp_path) -> None:
    found = call(*command(tiny, tmp_path / "run", "--quiet"))
    assert (found.exit_code, found.output) == (0, "")
    assert (tmp_path / "run" / "report.html").exists()


def test_a_plan_is_shown_and_nothing_is_written(call, tiny, tmp_path) -> None:
    found = call(*command(tiny, tmp_path / "run", "--plan"))
    assert f"{RESPONSES}, of which 0 are in the store" in found.stdout
    costs = json.loads(call(*command(tiny, tmp_path / "run", "--plan", "--json")).stdout)
    assert (costs["points"], costs["responses"], costs["done"]) == (6, RESPONSES, 0)
    assert list(tmp_path.iterdir()) == []


def test_flags_are_the_arguments_of_the_function(call, tiny, tmp_path) -> None:
    more = ("--seed", 3, "--norm", "row", "--system", "plain", "--jailbreak", "story", "--judge",
            "keyword", "--plan", "--json")  # fmt: skip
    found = json.loads(call("surface", tiny, *SMALL, *more).stdout)
    asked = {"seed": 3, "norm": "row", "system": "plain", "jailbreak": "story"}
    settings = SurfaceSettings(model=str(tiny), **ASKED, **AXES, **asked, judges=("keyword",))
    assert found["folder"] == str(plan(settings).folder)


WRONG = [
    (("--x", "0.5:-0.5:5"), 2, "--x has"),
    (("--x", "-0.5:0.5:20"), 2, "--x does not contain 0"),
    (("--y", "nan,0"), 2, "--y contains nan"),
    (("--y", "0,inf"), 2, "--y contains inf"),
    (("--y", "0,0,1"), 2, "--y contains 0.0 twice"),
    (("--y", "zero"), 2, "--y is 'zero'; write START:STOP:COUNT"),
    (("--x", "0:1:5000"), 2, "--x is '0:1:5000'; COUNT"),
    (("--plane", "flat"), 2, "--plane is 'flat'"),
    (("--plane", "trajectory"), 2, "pass --checkpoints FOLDER"),
    (("--checkpoints", "missing"), 2, "--checkpoints 'missing' is not a folder"),
    (("--edge", "run"), 2, "pass --checkpoints FOLDER"),
    (("--system", "plain", "--system", "safe"), 2, "--system is given 2 times; only"),
    (("--jailbreak", "story", "--jailbreak", "none"), 2, "--jailbreak is given 2 times; only"),
]


@pytest.mark.parametrize(("more", "code", "said"), WRONG, ids=lambda value: str(value))
def test_bad_input_is_one_line(refused, tiny, tmp_path, more, code, said) -> None:
    found = refused(*command(tiny, tmp_path / "run", *more))
    assert found.exit_code == code
    assert said in found.stderr
    assert found.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_checkpoints_that_did_not_move_are_refused_with_the_remedy(refused, tiny, tmp_path) -> None:
    moved(tmp_path / "tuned" / "checkpoint-1", tiny, by=0.0)
    found = refused(*command(tiny, tmp_path / "run", "--checkpoints", tmp_path / "tuned"))
    assert found.exit_code == 2
    assert "pass --plane random" in found.stderr


def test_a_scan_is_not_continued_as_a_surface(refused, tiny, finished) -> None:
    before = files(finished.folder)
    found = refused(*command(tiny, finished.folder))
    assert found.exit_code == 2
    assert "study: scan there, surface now" in found.stderr
    assert {**files(finished.folder), "lock": b""} == {**before, "lock": b""}


def test_report_and_show(call, tiny, tmp_path) -> None:
    assert call(*command(tiny, tmp_path / "run", "--quiet")).exit_code == 0
    shown = call("show", tmp_path / "run", "--json")
    assert shown.stdout == (tmp_path / "run" / "summary.json").read_text(encoding="utf-8")
    assert call("show", tmp_path / "run").exit_code == 0
    made = ("--figure", tmp_path / "map.svg", "--table", tmp_path / "map.csv")
    assert call("report", tmp_path / "run", *made).exit_code == 0
    rows = (tmp_path / "map.csv").read_text().splitlines()
    assert rows[0].startswith("x,y,prompts,label,share")
    assert len(rows) == 1 + 6 * 2 * 5
