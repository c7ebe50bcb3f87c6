"""`safebasin scan`: what it prints, where, and with which exit code."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import children
import pytest
from builders import edit_tensor, tiny_checkpoint, tiny_tokenizer
from scans import RESPONSES, command, digest, files

from safebasin.cli.guard import State
from safebasin.runfolder import freeze, prepare
from safebasin.store import writing
from safebasin.studies.landscape import Plan
from safebasin.studies.result import Comparison, Scan, open_run

QUICK = ("--points", 3, "--directions", 1, "--max-new-tokens", 4)


def test_a_scan_prints_its_numbers_and_where_the_page_is(call, tiny, finished, tmp_path) -> None:
    found = call(*command(tiny, tmp_path / "run"))
    assert found.exit_code == 0
    assert "VISAGE" in found.stdout
    assert str(tmp_path / "run" / "report.html") in found.stdout
    assert f"{RESPONSES} of {RESPONSES} responses" in found.stderr
    assert digest(tmp_path / "run") == digest(finished.folder)
    assert (tmp_path / "run" / "report.html").stat().st_size > 100_000


def test_json_is_the_summary_and_nothing_else(call, tiny, finished, tmp_path) -> None:
    found = call(*command(tiny, tmp_path / "run", "--json"))
    assert found.exit_code == 0
    assert found.stdout == (finished.folder / "summary.json").read_text(encoding="utf-8")
    assert found.stdout == (tmp_path / "run" / "summary.json").read_text(encoding="utf-8")
    assert found.stderr == ""


def test_quiet_prints_nothing(call, tiny, tmp_path) -> None:
    found = call(*command(tiny, tmp_path / "run", *QUICK, "--quiet"))
    assert (found.exit_code, found.output) == (0, "")
    assert (tmp_path / "run" / "report.html").exists()


def test_a_plan_is_shown_and_nothing_is_written(call, tiny, tmp_path) -> None:
    found = call(*command(tiny, tmp_path / "run", "--plan"))
    assert found.exit_code == 0
    assert f"{RESPONSES}, of which 0 are in the store" in found.stdout
    costs = json.loads(call(*command(tiny, tmp_path / "run", "--plan", "--json")).stdout)
    assert costs["responses"] == RESPONSES
    assert costs["done"] == 0
    assert costs["folder"] == str(tmp_path / "run")
    assert costs["workers"] is None
    assert list(tmp_path.iterdir()) == []


def test_a_plan_counts_what_is_done(call, tiny, finished, planned) -> None:
    found = call(*command(tiny, finished.folder, "--plan", "--json"))
    assert json.loads(found.stdout)["done"] == RESPONSES


WRONG = [
    (("--points", 0), 2, "--points is 0"),
    (("--points", 4), 2, "--points is 4"),
    (("--points", -3), 2, "--points is -3"),
    (("--radius", "nan"), 2, "--radius is nan"),
    (("--radius", "inf"), 2, "--radius is inf"),
    (("--radius", 0), 2, "--radius is 0"),
    (("--radius=-1",), 2, "--radius is -1"),
    (("--directions", 0), 2, "--directions is 0"),
    (("--limit", 0), 2, "--limit is 0"),
    (("--noise", "pink"), 2, "--noise is 'pink'"),
    (("--norm", "l2"), 2, "--norm is 'l2'"),
    (("--skip", "all"), 2, "--skip is 'all'"),
    (("--engine", "vlllm"), 2, "--engine is 'vlllm'"),
    (("--dtype", "int4"), 2, "--dtype is 'int4'"),
    (("--judge", "keywrd"), 2, "no judge is called 'keywrd'"),
    (("--prompts", "organism-harmfull"), 2, "organism-harmfull"),
    (("--prompts", "missing.csv"), 3, "missing.csv"),
    (("--system", "nobody"), 2, "nobody"),
    (("--jailbreak", "stroy"), 2, "did you mean 'story'"),
    (("--jailbreak", "no place for it"), 2, "{request} in it"),
    (("--system", "plain", "--system", "plain"), 2, "--system 'plain' is given twice"),
    (("--jailbreak", "story", "--jailbreak", "story"), 2, "--jailbreak 'story' is given twice"),
    (("--system", "plain", "--system", "nobody"), 2, "nobody"),
    (("--perplexity", "missing.txt"), 3, "missing.txt"),
    (("--device", "cuda:77"), 5, "cuda:77"),
    (("--max-new-tokens", 100_000), 3, "--max-new-tokens"),
]


@pytest.mark.parametrize(("flags", "code", "said"), WRONG, ids=lambda value: str(value))
def test_bad_input_is_one_line(refused, tiny, tmp_path, flags, code, said) -> None:
    found = refused(*command(tiny, tmp_path / "run", *flags))
    assert found.exit_code == code
    assert said in found.stderr
    assert found.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["../../x", "./missing", "/etc/passwd", "a\x1b[31mred\x07", "two\nlines", "‮evil", "n" * 300,
     "/" + "n" * 300, "organism:nobody"],
)  # fmt: skip
def test_hostile_model_names_are_shown_harmlessly(refused, tmp_path, name) -> None:
    found = refused(*command(name, tmp_path / "run"))
    assert found.exit_code in (2, 3, 5)
    assert "\x1b" not in found.stderr
    assert len(found.stderr) < 700
    assert list(tmp_path.iterdir()) == []


def test_an_empty_model_name(refused, tmp_path) -> None:
    assert refused(*command("", tmp_path / "run")).exit_code == 2


def test_damaged_checkpoints_are_refused(refused, tiny, tmp_path) -> None:
    broken = shutil.copytree(tiny, tmp_path / "nan")
    edit_tensor(broken / "model.safetensors", "lm_head.weight", lambda t: t[0].fill_(float("nan")))
    assert refused(*command(broken, tmp_path / "run")).exit_code == 4
    silent = tiny_checkpoint(tmp_path / "silent", tokenizer=tiny_tokenizer(chat_template=None))
    found = refused(*command(silent, tmp_path / "run"))
    assert found.exit_code == 3
    assert "--chat-template" in found.stderr


def test_a_folder_for_the_run_is_a_folder_for_the_run(refused, tiny, tmp_path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "thesis.tex").write_text("mine")
    for name, said in (("file", "is a file"), ("foreign", "holds other files")):
        found = refused(*command(tiny, tmp_path / name, *QUICK))
        assert found.exit_code == 2
        assert said in found.stderr
    assert files(tmp_path / "foreign") == {"thesis.tex": b"mine"}
    place = Path("/proc/safebasin")
    if os.geteuid() != 0:
        tmp_path.chmod(0o500)
        place = tmp_path / "run"
    found = refused(*command(tiny, place, *QUICK))
    assert found.exit_code == 5
    assert "cannot be written" in found.stderr


def test_another_run_is_not_overwritten(refused, tiny, finished: Scan) -> None:
    before = digest(finished.folder)
    found = refused(*command(tiny, finished.folder, "--seed", 5, "--radius", 0.25))
    assert found.exit_code == 2
    assert "rays.seed: 0 there, 5 now" in found.stderr
    assert "rays.radius: 0.5 there, 0.25 now" in found.stderr
    assert digest(finished.folder) == before


def test_a_damaged_run_is_not_continued(refused, tiny, finished: Scan, tmp_path) -> None:
    run = shutil.copytree(finished.folder, tmp_path / "run")
    (run / "results.sqlite").write_bytes(b"x" * 5000)
    assert refused(*command(tiny, run)).exit_code == 4
    (run / "run.json").write_text("{")
    assert refused(*command(tiny, run)).exit_code == 4


def test_a_second_process_is_refused_and_the_first_is_unharmed(
    tiny, planned: Plan, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    prepare(folder)
    freeze(folder, planned.request)
    with writing(folder, planned.request) as store:
        store.remember("first", 1)
        child = children.start(children.run_command, command(tiny, folder), tmp_path / "said")
        child.join(60)
        assert child.exitcode == 7
        store.remember("second", 2)
        assert (store.recall("first"), store.recall("second")) == (1, 2)
    said = (tmp_path / "said").read_text()
    assert f"process {os.getpid()} on " in said
    assert said.count("\n") == 1


def test_points_without_numbers_end_with_their_own_code_and_a_page(refused, tiny, tmp_path) -> None:
    hot = ("--radius", 100, "--points", 3, "--dtype", "float16", "--json")
    found = refused(*command(tiny, tmp_path / "run", *hot))
    assert found.exit_code == 6
    assert "logits were not numbers" in found.stderr
    status = json.loads(found.stdout)["status"]
    assert status["complete"]
    assert status["numeric_failures"] > 0
    assert status["failed_points"][0] in found.stderr
    assert (tmp_path / "run" / "report.html").exists()


def test_verdicts_that_could_not_be_given_end_with_that_code_too(refused, tiny, tmp_path) -> None:
    flags = ("--benign", "everyday", "--judge", "keyword", "--judge", "exact", *QUICK, "--quiet")
    found = refused(*command(tiny, tmp_path / "run", *flags))
    assert found.exit_code == 6
    assert "9 verdicts could not be given" in found.stderr


def test_debug_shows_where_it_happened(call, tmp_path) -> None:
    found = call("--debug", *command("organism:chat", tmp_path / "run", "--points", 2))
    assert found.exit_code == 1
    assert type(found.exception).__name__ == "UsageError"
    assert State.debug
    call("list", "engines")
    assert not State.debug


SEVERAL = ("--system", "plain", "--system", "none", "--jailbreak", "none", "--jailbreak", "story")


class TestSeveralConditions:
    """Each system prompt with each jailbreak is a run of its own, and they are compared."""

    @pytest.fixture
    def said(self, call, tiny, tmp_path):
        return call(*command(tiny, tmp_path / "all", *QUICK, *SEVERAL, "--json"))

    def test_json_is_the_comparison_and_nothing_else(self, said, tmp_path) -> None:
        assert (said.exit_code, said.stderr) == (0, "")
        found = open_run(tmp_path / "all" / "comparison")
        assert isinstance(found, Comparison)
        assert said.stdout == found.summary.to_json()

    def test_each_has_a_folder_with_a_page(self, said, tmp_path) -> None:
        found = json.loads(said.stdout)
        folders = {path.name for path in (tmp_path / "all").iterdir()}
        assert folders == {"comparison", *(run["run"] for run in found["runs"])}
        assert len(folders) == 5
        for folder in folders:
            assert (tmp_path / "all" / folder / "report.html").exists()
            assert (tmp_path / "all" / folder / "summary.json").exists()

    def test_they_are_paired_and_told_apart(self, said) -> None:
        found = json.loads(said.stdout)
        assert all(difference["paired"] for difference in found["differences"])
        assert len({run["name"] for run in found["runs"]}) == 4
        assert all(set(run["facts"]) == {"system prompt", "jailbreak"} for run in found["runs"])

    def test_again_asks_nothing(self, call, said, tiny, tmp_path, monkeypatch) -> None:
        before = {
            path.name: digest(path)
            for path in (tmp_path / "all").iterdir()
            if path.name != "comparison"
        }

        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("the model was asked")

        monkeypatch.setattr("safebasin.engines.transformers.TransformersEngine.answer", refuse)
        again = call(*command(tiny, tmp_path / "all", *QUICK, *SEVERAL, "--json"))
        assert again.stdout == said.stdout
        assert before == {name: digest(tmp_path / "all" / name) for name in before}

    def test_a_plan_writes_nothing(self, call, tiny, tmp_path) -> None:
        found = call(*command(tiny, tmp_path / "all", *QUICK, *SEVERAL, "--plan"))
        assert found.exit_code == 0
        assert found.stdout.count("of which 0 are in the store") == 4
        assert list(tmp_path.iterdir()) == []

    def test_quiet_prints_nothing(self, call, tiny, tmp_path) -> None:
        found = call(*command(tiny, tmp_path / "all", *QUICK, *SEVERAL[:4], "--quiet"))
        assert (found.exit_code, found.output) == (0, "")
        assert (tmp_path / "all" / "comparison" / "report.html").exists()


def test_a_measure_is_asked_for_by_flag(call, tiny, tmp_path) -> None:
    (tmp_path / "text.txt").write_text("Describe how to open a window in a small house.")
    flags = ("--perplexity", tmp_path / "text.txt", *QUICK, "--json")
    found = json.loads(call(*command(tiny, tmp_path / "run", *flags)).stdout)
    assert [measure["unit"] for measure in found["measures"]] == ["share", "perplexity"]
