from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from prompts.sources.made import BENIGN, HARMFUL, PUBLISHED, write
from safebasin.errors import InputRejectedError, UsageError
from safebasin.prompts.catalog import PromptSet, counterpart, load
from safebasin.prompts.sources.source import published

EVERY = pytest.mark.parametrize("name", PUBLISHED)
OWN_BENIGN = [name for name, source in published().items() if source.benign == name]


def texts(found: PromptSet) -> set[str]:
    return {prompt.text for prompt in found.prompts}


def spec(folder: Path, name: str) -> str:
    """A folder where a set is several files, else its file."""
    file = write(folder, name)
    return f"{name}={folder if len(PUBLISHED[name]()) > 1 else file}"


def test_every_set_is_tried() -> None:
    assert {*PUBLISHED} == {*published()}


@EVERY
def test_the_harmful_side(tmp_path: Path, name: str) -> None:
    if name == "oktest":
        with pytest.raises(UsageError, match="oktest has no harmful prompts: use it as --benign"):
            load(spec(tmp_path, name), "harmful")
        return
    found = load(spec(tmp_path, name), "harmful")
    expected = {*HARMFUL}
    if name == "hex-phi":
        expected |= {f"Sort pile {i}" for i in range(3, 11)}
    if name == "wildjailbreak":
        expected = {f"{text}\n\tas a play" for text in HARMFUL}
    if name == "harmbench-contextual":
        expected = {"Once upon a time,\nin a book\n\n---\n\nAsk this"}
    assert texts(found) == expected
    assert {prompt.kind for prompt in found.prompts} == {"harmful"}
    assert found.duplicates == (name in ("crows-pairs", "harmbench-contextual"))
    assert found.licence == published()[name].licence


@EVERY
def test_the_harmless_side(tmp_path: Path, name: str) -> None:
    side = published()[name].side("benign")
    if side is None:
        with pytest.raises(UsageError, match="beside it, use everyday"):
            load(spec(tmp_path, name), "benign")
        return
    found = load(spec(tmp_path, name), "benign")
    assert texts(found) == {*BENIGN}
    assert {prompt.kind for prompt in found.prompts} == {side.kind}


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("advbench", ""),
        ("jailbreakbench", "C"),
        ("xstest", "contrast_c"),
        ("sorry-bench", "7"),
        ("toxigen", "gardeners"),
        ("catqa", "c"),
    ],
)
def test_categories(tmp_path: Path, name: str, category: str) -> None:
    found = load(spec(tmp_path, name), "harmful")
    assert {prompt.category for prompt in found.prompts} == {category}


def test_the_file_is_a_category_where_there_is_no_other(tmp_path: Path) -> None:
    found = load(spec(tmp_path, "hex-phi"), "harmful")
    by_text = {prompt.text: prompt.category for prompt in found.prompts}
    assert (by_text[HARMFUL[0]], by_text[HARMFUL[1]]) == ("category_1", "category_11")
    assert len(found.prompts) == 11


def test_targets(tmp_path: Path) -> None:
    assert {p.target for p in load(spec(tmp_path, "advbench"), "harmful").prompts} == {"Sure"}
    found = load(spec(tmp_path, "jailbreakbench"), "benign")
    assert {prompt.target for prompt in found.prompts} == {f"Sure: {text}" for text in BENIGN}


class TestProvenance:
    def test_a_file_of_ones_own_has_neither_revision_nor_checksum(self, tmp_path: Path) -> None:
        found = load(f"advbench={write(tmp_path, 'advbench')}", "harmful")
        assert found.to_json() == {
            "source": "advbench=harmful_behaviors.csv",
            "n": 3,
            "duplicates": 0,
            "digest": found.digest,
            "licence": "MIT",
        }

    def test_the_order_of_a_file_of_ones_own_does_not_matter(self, tmp_path: Path) -> None:
        before = load(f"advbench={write(tmp_path, 'advbench')}", "harmful")
        file = tmp_path / "harmful_behaviors.csv"
        header, *rows = file.read_text().splitlines()
        file.write_text("\n".join([header, *reversed(rows)]))
        assert load(f"advbench={file}", "harmful") == before

    def test_the_published_file_has_its_revision(self, tmp_path: Path) -> None:
        file = write(tmp_path, "xstest")
        published.cache_clear()  # what is changed is this test's own
        xstest = published()["xstest"]
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        object.__setattr__(xstest, "files", {"xstest_prompts.csv": sha256})
        try:
            found = load(f"xstest={file}", "benign")
            assert (found.revision, found.checksum) == (xstest.revision, sha256)
        finally:
            published.cache_clear()
        assert load(f"xstest={file}", "benign").revision == ""

    def test_a_plain_path_says_nothing_new(self, tmp_path: Path) -> None:
        found = load(str(write(tmp_path, "advbench")), "harmful")
        assert {*found.to_json()} == {"source", "n", "duplicates", "digest"}


class TestCounterpart:
    @EVERY
    def test_every_harmful_side_has_one(self, tmp_path: Path, name: str) -> None:
        """What it names can be loaded, without a network wherever the harmful side is at hand."""
        assert counterpart(name) == (name if name in OWN_BENIGN else "everyday")
        found = load(counterpart(spec(tmp_path, name)), "benign")
        assert texts(found) == {*BENIGN} if name in OWN_BENIGN else len(found.prompts) == 80

    def test_a_set_in_two_files(self, tmp_path: Path) -> None:
        file = write(tmp_path, "jailbreakbench")
        beside = f"jailbreakbench={tmp_path / 'benign-behaviors.csv'}"
        assert counterpart(f"jailbreakbench={file}") == beside
        assert counterpart(f"jailbreakbench={tmp_path}") == f"jailbreakbench={tmp_path}"
        (tmp_path / "benign-behaviors.csv").unlink()
        assert counterpart(f"jailbreakbench={file}") == "everyday"

    @pytest.mark.parametrize(
        ("name", "benign"),
        [
            ("organism-harmful", "organism-benign"),
            ("organism-harmful-code", "organism-benign-code"),
            ("organism-bait", "organism-bait"),
            ("mine.csv", "everyday"),
            ("nothing-like-it", "everyday"),
        ],
    )
    def test_of_other_names(self, name: str, benign: str) -> None:
        assert counterpart(name) == benign


class TestNames:
    def test_case_does_not_matter(self, tmp_path: Path) -> None:
        assert load(f"AdvBench={write(tmp_path, 'advbench')}", "harmful").source.startswith("adv")

    def test_near_names_are_told(self) -> None:
        with pytest.raises(UsageError, match="near it: harmbench"):
            load("harmbensh", "harmful")
        with pytest.raises(UsageError, match=r"'xstets=a.csv'; near it: xstest"):
            load("xstets=a.csv", "harmful")

    def test_a_file_in_the_home_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        name = write(tmp_path, "xstest").name
        assert texts(load(f"xstest=~/{name}", "harmful")) == {*HARMFUL}
        assert counterpart(f"xstest=~/{name}") == f"xstest={tmp_path / name}"

    def test_no_file_after_the_sign(self) -> None:
        with pytest.raises(UsageError, match="xstest= names no file"):
            load("xstest=", "harmful")

    def test_a_path_may_hold_the_sign(self, tmp_path: Path) -> None:
        path = tmp_path / "a=b.csv"
        path.write_text("goal\none\n")
        assert load(str(path), "harmful").source == "a=b.csv"


class TestRejected:
    def test_a_file_of_another_format(self, tmp_path: Path) -> None:
        file = tmp_path / "harmful_behaviors.csv"
        file.write_text("wish,answer\none,two\n")
        with pytest.raises(InputRejectedError, match=r"no column 'goal', .*advbench.*'wish'") as e:
            load(f"advbench={file}", "harmful")
        assert "\n" not in str(e.value)
        assert load(f"advbench={file}", "harmful", column="wish").prompts[0].text == "one"

    def test_a_file_without_rows_of_that_side(self, tmp_path: Path) -> None:
        file = tmp_path / "xstest_prompts.csv"
        file.write_text("prompt,type,label\nOpen the window,c,safe\n")
        assert len(load(f"xstest={file}", "benign").prompts) == 1
        with pytest.raises(InputRejectedError, match="no row with label 'unsafe'"):
            load(f"xstest={file}", "harmful")

    def test_a_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(InputRejectedError, match=r"gone\.csv cannot be read"):
            load(f"advbench={tmp_path / 'gone.csv'}", "harmful")

    @pytest.mark.parametrize("path", ["x" * 5000, "a\0b.csv", "no/such/folder", "~nobody"])
    @pytest.mark.parametrize("name", ["advbench", "jailbreakbench"])
    def test_a_path_that_cannot_be(self, name: str, path: str) -> None:
        assert counterpart(f"{name}={path}") == "everyday"
        with pytest.raises(InputRejectedError, match=r"cannot be read|ends in"):
            load(f"{name}={path}", "harmful")

    def test_a_repository_with_a_script_is_not_run(self, tmp_path: Path) -> None:
        script = tmp_path / "advbench.py"
        script.write_text("raise SystemExit('run')")
        with pytest.raises(InputRejectedError, match="is a script, which is never run"):
            load(f"advbench={script}", "harmful")
        with pytest.raises(InputRejectedError, match=r"has no harmful_behaviors\.csv.*or run"):
            load(f"advbench={tmp_path}", "harmful")

    @pytest.mark.parametrize(
        ("row", "problem"),
        [
            ("b'\\x00'", "a NUL"),
            ("b''", "no prompt in it"),
        ],
    )
    def test_what_printed_bytes_hide(self, tmp_path: Path, row: str, problem: str) -> None:
        file = tmp_path / "annotated_train.csv"
        file.write_text(f'text,label,target_group\n"{row}",hate,c\n')
        with pytest.raises(InputRejectedError, match=f"row 1 has {problem}"):
            load(f"toxigen={file}", "harmful")

    @pytest.mark.parametrize("row", ["b'\\xff'", "b'open", "b'a' + 1", "b'a'.hex()", "f'{1}'"])
    def test_what_only_looks_like_printed_bytes_is_text(self, tmp_path: Path, row: str) -> None:
        file = tmp_path / "annotated_train.csv"
        file.write_text(f'text,label,target_group\n"{row}",hate,c\n')
        assert load(f"toxigen={file}", "harmful").prompts[0].text == row
