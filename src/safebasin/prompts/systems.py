"""System prompts: by name, from a file, or as written."""

from __future__ import annotations

import difflib
from pathlib import Path

from safebasin.errors import InputRejectedError, UsageError
from safebasin.prompts.files import exists


def load(text: str | None) -> str | None:
    """The system prompt that an argument means.

    Args:
        text: None, "none" or "default" for no system message, so that the model's own default
            stands where its chat template has one; "empty" for an empty message, which takes the
            place of that default; a name of `names()`; a path of a text file; or the prompt itself,
            which must be more than one word so that a mistyped name is not taken for a prompt.

    Raises:
        UsageError: one word that is neither a name nor a file.
        InputRejectedError: the file is not text, or is empty.
    """
    if text is None or text in ("none", "default"):
        return None
    if text == "empty":
        return ""
    if text in _systems():
        return _systems()[text]
    if exists(text) and Path(text).is_file():
        return _read(Path(text))
    if len(text.split()) < 2:
        near = difflib.get_close_matches(text, names(), n=1, cutoff=0.4)
        raise UsageError(
            f"no system prompt or file is called {text!r}; "
            + (f"did you mean {near[0]!r}? " if near else "")
            + f"names are {', '.join(names())}"
        )
    return text


def names() -> list[str]:
    """The names of the system prompts that come with the package."""
    return [*(name for name in _systems() if name != "none"), "none", "default", "empty"]


def called(text: str | None) -> str:
    """The name of a system prompt that `load` gave, or its text if it has none."""
    if not text:
        return "none" if text is None else "empty"
    return next((name for name, known in _systems().items() if known == text), text)


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputRejectedError(
            f"{path} cannot be read ({error}): save the system prompt as UTF-8 text"
        ) from None
    if not text:
        raise InputRejectedError(f"{path} is empty: pass --system none for no system prompt")
    return text


def _systems() -> dict[str, str]:
    from safebasin.models.organism.language import SYSTEMS

    return SYSTEMS
