"""One scan under several system prompts and jailbreaks."""

from __future__ import annotations

from pathlib import Path

import pytest
from scans import settings

from safebasin.errors import UsageError
from safebasin.studies import conditions as module
from safebasin.studies.conditions import conditions, plans


def test_each_system_prompt_with_each_jailbreak(tmp_path: Path) -> None:
    asked = settings("model", tmp_path)
    found = conditions(asked, ["plain", None], ["none", "story"])
    assert [(one.system, one.jailbreak) for one in found] == [
        ("plain", "none"), ("plain", "story"), (None, "none"), (None, "story")
    ]  # fmt: skip
    folders = {one.out for one in found}
    assert len(folders) == 4
    assert {folder.parent for folder in folders} == {tmp_path}
    assert all(one.seed == asked.seed for one in found)


def test_one_alone_keeps_its_folder(tmp_path: Path) -> None:
    (found,) = conditions(settings("model", tmp_path), ["plain"], ["story"])
    assert (found.out, found.system, found.jailbreak) == (tmp_path, "plain", "story")
    (found,) = conditions(settings("model", tmp_path))
    assert found == settings("model", tmp_path)


def test_without_a_folder_each_run_finds_its_own() -> None:
    assert {one.out for one in conditions(settings("model"), ["plain", "safe"])} == {None}


@pytest.mark.parametrize("texts", [["You are kind.", "You are kind!"], ["a/b c", "a.b c"]])
def test_texts_that_look_alike_have_folders_of_their_own(texts, tmp_path: Path) -> None:
    one, other = (each.out for each in conditions(settings("model", tmp_path), texts))
    assert one != other
    for folder in (one, other):
        assert folder.parent == tmp_path


@pytest.mark.parametrize("flag", ["system", "jailbreak"])
def test_each_is_named_once(flag: str, tmp_path: Path) -> None:
    given = {"systems": ["plain", "safe", "plain"]} if flag == "system" else {
        "jailbreaks": ["story", "story"]}  # fmt: skip
    with pytest.raises(UsageError, match=f"--{flag} '(plain|story)' is given twice"):
        conditions(settings("model", tmp_path), **given)


def test_the_model_is_loaded_once(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []
    original = module.plan

    def noted(settings, given=None):
        loaded.append(given)
        return original(settings, given)

    monkeypatch.setattr(module, "plan", noted)
    found = plans(conditions(settings(tiny, limit=1), ["plain", "safe"]))
    assert loaded == [None, found[0].loaded]
    assert found[0].loaded is found[1].loaded
    assert found[0].request["rays"] == found[1].request["rays"]
    assert found[0].request["system"] != found[1].request["system"]
    assert found[0].folder != found[1].folder


def test_wrapped_prompts_know_what_they_wrap(tiny: Path) -> None:
    plain, wrapped = plans(conditions(settings(tiny), jailbreaks=["none", "story"]))
    originals = {prompt.original for prompt in wrapped.work.prompts.values()}
    assert originals == set(plain.work.prompts)
    assert wrapped.request["prompts"]["harmful"]["jailbreak"] == "story"
    assert "jailbreak" not in plain.request["prompts"]["harmful"]


@pytest.mark.parametrize(
    ("changes", "said"), [({"adaptive": True}, "--adaptive"), ({"directions": "auto"}, "auto")]
)
def test_scans_that_choose_their_own_points_are_not_compared(changes, said, tmp_path) -> None:
    asked = settings("model", tmp_path, **changes)
    with pytest.raises(UsageError, match=f"{said} chooses anew for each: leave it out"):
        conditions(asked, ["plain", "safe"])
    assert len(conditions(asked, ["plain"])) == 1


def test_two_names_of_one_condition(tiny: Path) -> None:
    each = conditions(settings(tiny), ["none", "default"])
    with pytest.raises(UsageError, match=r"--system none .* and --system default .* mean the same"):
        plans(each)


def test_all_are_checked_before_one_is_run(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nobody"):
        plans(conditions(settings(tiny, tmp_path), ["plain", "nobody"]))
    assert list(tmp_path.iterdir()) == []
