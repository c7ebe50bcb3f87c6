"""System prompts: by name, from a file, or as written."""

from __future__ import annotations

import difflib
from pathlib import Path

from safebasin.errors import InputRejectedError, UsageError


def load(text: str | None) -> str | None:
    """The system prompt that an argument means.

    Args:
        text: None or "none" for no system message (a chat template may then add its own default);
            a name of `names()`; a path of a text file; or the prompt itself, which must hold at
            least one space so that a mistyped name is not taken for a prompt.

    Raises:
        UsageError: one word that is neither a name nor a file.
        InputRejectedError: the file is not text.
    """
    if text is None or text == "none":
        return None
    if text in _systems():
        return _systems()[text]
    if " " not in text.strip() or len(text) < 256:
        path = Path(text)
        if path.is_file():
            try:
                return path.read_text(encoding="utf-8-sig").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise InputRejectedError(f"{path} cannot be read as UTF-8 text: {error}") from None
    if " " not in text.strip():
        near = difflib.get_close_matches(text, names(), n=1, cutoff=0.4)
        raise UsageError(
            f"no system prompt or file is called {text!r}; "
            + (f"did you mean {near[0]!r}? " if near else "")
            + f"names are {', '.join(names())}"
        )
    return text


def names() -> list[str]:
    """The names of the system prompts that come with the package."""
    return list(_systems())


def _systems() -> dict[str, str]:
    from safebasin.models.organism.language import SYSTEMS

    return SYSTEMS
