from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safebasin.errors import InputRejectedError, UsageError
from safebasin.prompts.catalog import BUNDLED, HARMLESS, contents, counterpart, load, names
from safebasin.records import Prompt

ROWS = [f"Describe how to paint a wall in the colour number {number}." for number in range(40)]


def written(folder: Path, rows: list[str], name: str = "rows.txt") -> str:
    path = folder / name
    path.write_text("\n".join(rows) + "\n")
    return str(path)


class TestIds:
    def test_golden(self) -> None:
        """Stores and sub-samples of earlier runs depend on it."""
        expected = hashlib.sha256(b"harmful\0Open the window.").hexdigest()[:16]
        assert Prompt("Open the window.", "harmful").id == expected == "92fac208bd3968c4"

    @given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
    def test_kind_and_text_decide_alone(
        self, text: str, category: str, form: str, target: str
    ) -> None:
        plain = Prompt(text, "harmful")
        assert Prompt(text, "harmful", category, form, target).id == plain.id
        assert Prompt(text, "benign").id != plain.id
        assert Prompt(text + "x", "harmful").id != plain.id


class TestOrder:
    @pytest.mark.parametrize("limit", [None, 1, 7, 40, 100])
    def test_of_a_file_does_not_matter(self, tmp_path: Path, limit: int | None) -> None:
        expected = load(written(tmp_path, ROWS), "harmful", limit=limit)
        assert len(expected.prompts) == min(limit or 40, 40)
        for seed in range(3):
            rows = random.Random(seed).sample(ROWS, len(ROWS))
            assert load(written(tmp_path, rows), "harmful", limit=limit) == expected

    @pytest.mark.parametrize("limit", [None, 10])
    def test_an_edited_row_changes_itself_alone(self, tmp_path: Path, limit: int | None) -> None:
        before = load(written(tmp_path, ROWS), "harmful", limit=limit)
        for row in range(0, 40, 5):
            rows = ROWS.copy()
            rows[row] += " Twice."
            after = load(written(tmp_path, rows), "harmful", limit=limit)
            left, come = {*before.prompts} - {*after.prompts}, {*after.prompts} - {*before.prompts}
            assert len(left) == len(come) <= 1
            if limit is None:
                assert [prompt.text for prompt in left] == [ROWS[row]]
                assert after.digest != before.digest

    def test_a_smaller_limit_is_a_part_of_a_larger(self, tmp_path: Path) -> None:
        path = written(tmp_path, ROWS)
        some = [load(path, "harmful", limit=limit).prompts for limit in (5, 10, 20)]
        assert some[0] == some[1][:5] == some[2][:5]

    def test_the_same_set_in_another_file_has_the_same_digest(self, tmp_path: Path) -> None:
        first = load(written(tmp_path, ROWS), "harmful")
        csv = written(tmp_path, ["wish", *ROWS], "other.csv")
        second = load(csv, "harmful", column="wish")
        assert second.digest == first.digest
        assert second.prompts == first.prompts
        assert (first.source, second.source) == ("rows.txt", "other.csv")
        assert load(written(tmp_path, ROWS), "benign").digest != first.digest


def test_duplicates_are_told(tmp_path: Path) -> None:
    found = load(written(tmp_path, [*ROWS, *ROWS[:3]]), "harmful", limit=5)
    assert found.to_json() == {
        "source": "rows.txt",
        "n": 5,
        "duplicates": 3,
        "digest": found.digest,
    }


class TestNames:
    @pytest.mark.parametrize("name", names())
    def test_every_set(self, name: str) -> None:
        prompts = contents(name)
        found = load(name, prompts[0].kind)
        assert found.source == name
        assert {*found.prompts} == {*prompts}
        assert len({prompt.id for prompt in prompts}) == len(prompts) > 20
        assert list(found.prompts) == sorted(prompts, key=lambda prompt: prompt.id)

    @pytest.mark.parametrize(("name", "kind"), [(HARMLESS, "benign"), (BUNDLED, "harmful")])
    def test_those_for_any_model(self, name: str, kind: str) -> None:
        prompts = contents(name)
        assert len({prompt.id for prompt in prompts}) == 80
        assert {prompt.kind for prompt in prompts} == {kind}
        assert counterpart(name) == HARMLESS

    @pytest.mark.parametrize("name", ["organism-harmfull", "organism_harmful", "everday"])
    def test_an_unknown_one_lists_near_ones(self, name: str) -> None:
        near = "everyday" if name.startswith("e") else "organism-harmful"
        with pytest.raises(UsageError, match=f"'{name}'; near it: .*{near}") as caught:
            load(name, "harmful")
        assert caught.value.exit_code == 2

    def test_one_like_no_other_lists_them_all(self) -> None:
        with pytest.raises(UsageError, match=r"there are: .*everyday"):
            load("zzz", "harmful")

    @pytest.mark.parametrize("text", ["x" * 5000, "a sentence of\ntwo lines", "é" * 200, "a\0b"])
    def test_a_text_that_is_no_name_at_all(self, text: str) -> None:
        with pytest.raises(UsageError, match="no prompt set is called"):
            load(text, "harmful")

    def test_kinds(self) -> None:
        with pytest.raises(UsageError, match="a set of benign prompts, not of harmful"):
            load("organism-benign", "harmful")
        with pytest.raises(UsageError, match="a set of harmful prompts, not of benign"):
            load("organism-harmful", "benign")
        assert load("organism-bait", "benign").prompts[0].kind == "bait"


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one(limit: int) -> None:
    with pytest.raises(UsageError, match=f"--limit is {limit}") as caught:
        load("everyday", "benign", limit=limit)
    assert caught.value.exit_code == 2


def test_a_bad_file_is_named(tmp_path: Path) -> None:
    for name in ("missing.csv", str(tmp_path)):
        with pytest.raises(InputRejectedError, match=name):
            load(name, "harmful")
