from __future__ import annotations

from pathlib import Path

import pytest

from safebasin.errors import InputRejectedError, UsageError
from safebasin.models.organism.language import SYSTEMS
from safebasin.prompts.systems import called, load, names


def test_none_is_no_system_message() -> None:
    assert load(None) is load("none") is load("default") is None


def test_an_empty_message_is_not_no_message() -> None:
    assert load("empty") == ""


def test_names() -> None:
    assert set(names()) == {*SYSTEMS, "none", "default", "empty"}
    for name in set(SYSTEMS) - {"none"}:
        assert load(name) == SYSTEMS[name] != ""


@pytest.mark.parametrize(
    "text",
    [
        "You are kind.",
        "Be\nbrief.",
        "Be kind. " * 2000,
        "One line.\nAnother line.\n" * 10,
        "ü" * 200 + " ü",
        "a\0b c",
    ],
)
def test_the_prompt_itself(text: str) -> None:
    assert load(text) == text


class TestFiles:
    def test_its_content(self, tmp_path: Path) -> None:
        path = tmp_path / "system.txt"
        path.write_bytes("\ufeffYou are kind.\n\nAlways — über.\n".encode())
        assert load(str(path)) == "You are kind.\n\nAlways — über."

    def test_a_path_with_a_blank(self, tmp_path: Path) -> None:
        path = tmp_path / "my system.txt"
        path.write_text("Kind")
        assert load(str(path)) == "Kind"

    @pytest.mark.parametrize("content", [b"", b" \n", "\ufeff".encode()])
    def test_an_empty_one(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "system.txt"
        path.write_bytes(content)
        with pytest.raises(InputRejectedError, match=f"{path} is empty") as caught:
            load(str(path))
        assert caught.value.exit_code == 3

    def test_one_that_is_not_text(self, tmp_path: Path) -> None:
        path = tmp_path / "system.txt"
        path.write_bytes(b"caf\xe9")
        with pytest.raises(InputRejectedError, match=f"{path} cannot be read .*UTF-8"):
            load(str(path))


@pytest.mark.parametrize(
    ("word", "near"), [("plian", "plain"), ("saef", "safe"), ("Persona", "persona")]
)
def test_a_mistyped_name_is_not_taken_for_a_prompt(word: str, near: str) -> None:
    with pytest.raises(UsageError, match=f"'{word}'; did you mean '{near}'") as caught:
        load(word)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "word", ["", " ", "xyzzy", "/nowhere/at-all.txt", "x" * 5000, "é" * 200, "a\0b"]
)
def test_a_single_word_is_neither(word: str) -> None:
    with pytest.raises(UsageError, match="no system prompt or file"):
        load(word)


def test_a_folder_is_not_a_prompt(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no system prompt or file"):
        load(str(tmp_path))


def test_a_prompt_is_called_by_its_name() -> None:
    for name in ("none", "empty", *(set(SYSTEMS) - {"none"})):
        assert called(load(name)) == name
    assert called("You are kind.") == "You are kind."
