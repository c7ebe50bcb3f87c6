"""`safebasin path`: what it prints, where, and with which exit code."""

from __future__ import annotations

import json

import pytest
from builders import tiny_adapter, tiny_checkpoint
from scans import ASKED, flags, moved

from safebasin.studies.result import Line, open_run

SMALL = flags(**ASKED, x="0,0.5,1")
RESPONSES = 3 * 6


@pytest.fixture(scope="module")
def other(tiny, tmp_path_factory):
    return moved(tmp_path_factory.mktemp("models") / "other", tiny, by=0.5)


def command(first, second, out, *more):
    return ["path", first, second, "--out", out, *SMALL, *more]


def test_json_is_the_summary_and_nothing_else(call, tiny, other, tmp_path) -> None:
    found = call(*command(tiny, other, tmp_path / "run", "--json"))
    assert (found.exit_code, found.stderr) == (0, "")
    assert found.stdout == (tmp_path / "run" / "summary.json").read_text(encoding="utf-8")
    summary = json.loads(found.stdout)
    assert (summary["study"], summary["shape"]) == ("path", "line")
    assert summary["places"][0]["name"] == str(other)
    assert call("show", tmp_path / "run", "--json").stdout == found.stdout


def test_a_path_to_nowhere_asks_for_its_end(refused, tiny, tmp_path) -> None:
    found = refused("path", tiny, "--out", tmp_path / "run", *SMALL)
    assert found.exit_code == 2
    assert f"`safebasin path {tiny} B`" in found.stderr
    assert not (tmp_path / "run").exists()


def test_it_prints_its_numbers_and_where_the_page_is(call, tiny, other, tmp_path) -> None:
    found = call(*command(tiny, other, tmp_path / "run"))
    assert found.exit_code == 0
    assert str(tmp_path / "run" / "report.html") in found.stdout
    assert f"{RESPONSES} of {RESPONSES} responses" in found.stderr
    assert isinstance(open_run(tmp_path / "run"), Line)


def test_quiet_prints_nothing(call, tiny, other, tmp_path) -> None:
    found = call(*command(tiny, other, tmp_path / "run", "--quiet"))
    assert (found.exit_code, found.output) == (0, "")


def test_a_plan_is_shown_and_nothing_is_written(call, tiny, other, tmp_path) -> None:
    found = call(*command(tiny, other, tmp_path / "run", "--plan"))
    assert f"{RESPONSES}, of which 0 are in the store" in found.stdout
    costs = json.loads(call(*command(tiny, other, tmp_path / "run", "--plan", "--json")).stdout)
    assert (costs["points"], costs["responses"]) == (3, RESPONSES)
    assert list(tmp_path.iterdir()) == []


def test_an_adapter_alone_is_over_the_first_model(call, tiny, tmp_path) -> None:
    adapter = tiny_adapter(tmp_path / "adapter", tiny)
    found = call("path", tiny, adapter, *SMALL, "--plan", "--json")
    same = call("path", tiny, f"{tiny}+{adapter}", *SMALL, "--plan", "--json")
    costs = [json.loads(each.stdout) for each in (found, same)]
    assert costs[0]["points"] == costs[1]["points"] == 3


def test_the_same_model_twice_is_remarked(call, tiny, tmp_path) -> None:
    found = call("path", tiny, tiny, *SMALL, "--plan")
    assert found.exit_code == 0
    assert "have the same weights" in " ".join(found.stdout.split())


WRONG = [
    (("--x", "0,0.5"), 2, "--x does not contain 1"),
    (("--x", "0.5,1"), 2, "--x does not contain 0"),
    (("--x", "0,nan,1"), 2, "--x contains nan"),
    (("--y", "1,2"), 2, "--y does not contain 0"),
    (("--checkpoints", "missing"), 2, "--checkpoints 'missing' is not a folder"),
    (("--edge", "run"), 2, "pass --checkpoints FOLDER"),
    (("--system", "plain", "--system", "safe"), 2, "--system is given 2 times; only"),
    (("--jailbreak", "story", "--jailbreak", "none"), 2, "--jailbreak is given 2 times; only"),
]


@pytest.mark.parametrize(("more", "code", "said"), WRONG, ids=lambda value: str(value))
def test_bad_input_is_one_line(refused, tiny, other, tmp_path, more, code, said) -> None:
    found = refused(*command(tiny, other, tmp_path / "run", *more))
    assert found.exit_code == code
    assert said in found.stderr
    assert found.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "code"),
    [("./missing", 3), ("organism:nobody", 2), ("organism:base", 3), ("", 2), ("n" * 300, 3),
     ("a\x1b[31mred\x07", 3), ("two\nlines", 3), ("nobody/nothing", 5)],
)  # fmt: skip
def test_an_unknown_second_model(refused, tiny, tmp_path, name, code) -> None:
    found = refused(*command(tiny, name, tmp_path / "run"))
    assert found.exit_code == code
    assert "\x1b" not in found.stderr
    assert list(tmp_path.iterdir()) == []


def test_another_architecture_is_refused(refused, tiny, tmp_path) -> None:
    foreign = tiny_checkpoint(tmp_path / "foreign", "qwen2")
    found = refused(*command(tiny, foreign, tmp_path / "run"))
    assert found.exit_code == 3
    assert "architecture LlamaForCausalLM and 'Qwen2ForCausalLM'" in found.stderr
