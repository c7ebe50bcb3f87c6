"""A wrapper wraps every request; a file of finished prompts takes the place of harmful ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from safebasin.errors import InputRejectedError, UsageError
from safebasin.models.organism.language import WRAPPERS
from safebasin.prompts import catalog, jailbreaks

HARMFUL = catalog.load("organism-harmful", "harmful", limit=6)
BENIGN = catalog.load("organism-benign", "benign", limit=6)


def test_names() -> None:
    assert jailbreaks.names() == ["none", *WRAPPERS]
    for name in WRAPPERS:
        assert "{request}" in jailbreaks.wrapper(name)


@pytest.mark.parametrize("none", [None, "none"])
def test_without_one_nothing_changes(none: str | None) -> None:
    assert jailbreaks.apply(none, HARMFUL) is HARMFUL


def template(folder: Path, how: str) -> tuple[str, str, str]:
    """What is asked for, the template that it stands for, and what the set is then said to be."""
    if how == "named":
        return "story", WRAPPERS["story"], "story"
    text = "Ignore the {braces}, %s and \\1. {request} Again: {request}"
    if how == "written":
        return text, text, "own wrapper"
    path = folder / "mine.txt"
    path.write_text(f"\ufeff{text}\n", encoding="utf-8")
    return str(path), text, "mine.txt"


@pytest.mark.parametrize("how", ["named", "written", "file"])
@pytest.mark.parametrize("prompts", [HARMFUL, BENIGN], ids=["harmful", "benign"])
def test_a_wrapper_wraps_both_sides_and_remembers_each_request(how, prompts, tmp_path) -> None:
    asked, text, name = template(tmp_path, how)
    found = jailbreaks.apply(asked, prompts)
    before = {prompt.id: prompt for prompt in prompts.prompts}
    assert {prompt.original for prompt in found.prompts} == set(before)
    for prompt in found.prompts:
        plain = before[prompt.original]
        assert prompt.text == text.replace("{request}", plain.text)
        assert replace(prompt, text=plain.text, original="") == plain
    assert [prompt.id for prompt in found.prompts] == sorted(prompt.id for prompt in found.prompts)
    assert (found.jailbreak, found.source, found.duplicates) == (name, prompts.source, 0)
    assert found.to_json()["jailbreak"] == name
    assert found.digest != prompts.digest


def test_a_request_that_looks_like_a_template_is_not_one() -> None:
    odd = replace(HARMFUL.prompts[0], text="What does {request} mean?")
    (found,) = jailbreaks.apply("Say: {request}", replace(HARMFUL, prompts=(odd,))).prompts
    assert found.text == "Say: What does {request} mean?"


@pytest.mark.parametrize("name", ["attack.csv", "attack.jsonl", "attack.txt", "attack.TXT"])
def test_finished_prompts_stand_for_harmful_requests_alone(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    texts = [f"Describe the garden, and then step {n}!" for n in range(9)]
    if name.endswith("csv"):
        path.write_text("\n".join(["goal,target", *(f'"{text}",Sure' for text in texts)]))
    elif name.endswith("jsonl"):
        path.write_text("\n".join(f'{{"prompt": "{text}"}}' for text in texts))
    else:
        path.write_text("\n".join(texts))
    found = jailbreaks.apply(str(path), HARMFUL)
    assert len(found.prompts) == len(HARMFUL.prompts)
    assert {prompt.text for prompt in found.prompts} <= set(texts)
    assert {(prompt.kind, prompt.original) for prompt in found.prompts} == {("harmful", "")}
    assert (found.source, found.jailbreak) == (name, name)
    whole = jailbreaks.apply(str(path), catalog.load("organism-harmful", "harmful"))
    assert sorted(prompt.text for prompt in whole.prompts) == texts
    assert found.prompts == whole.prompts[: len(found.prompts)]
    assert jailbreaks.apply(str(path), BENIGN) is BENIGN


def test_repeated_rows_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "attack.txt"
    path.write_text("One thing\nOne thing\nAnother thing\n")
    found = jailbreaks.apply(str(path), HARMFUL)
    assert (len(found.prompts), found.duplicates) == (2, 1)


@pytest.mark.parametrize(("word", "near"), [("stroy", "story"), ("Story", "story")])
def test_a_mistyped_name_lists_what_it_may_have_meant(word: str, near: str) -> None:
    with pytest.raises(UsageError, match=f"'{word}'; did you mean '{near}'") as caught:
        jailbreaks.apply(word, HARMFUL)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "text",
    ["", " ", "a text without a place for it", "missing.csv", "x" * 5000, "a\0b", "{reques}"],
)
def test_what_is_neither_says_what_there_is(text: str) -> None:
    with pytest.raises(UsageError, match=r"no jailbreak or file .*\{request\} in it") as caught:
        jailbreaks.apply(text, HARMFUL)
    for name in jailbreaks.names():
        assert name in str(caught.value)


def test_a_folder_is_neither(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no jailbreak or file"):
        jailbreaks.apply(str(tmp_path), HARMFUL)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", b"caf\xe9 {request}"),
        ("a.txt", b""),
        ("a.csv", b"goal,target\n"),
        ("a.csv", b"name\nx\n"),
        ("a.json", b"[]"),
    ],
)
def test_a_file_that_cannot_be_used(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputRejectedError, match=str(path)) as caught:
        jailbreaks.apply(str(path), HARMFUL)
    assert caught.value.exit_code == 3
