"""Jailbreaks: named wrappers around requests, and files of finished adversarial prompts."""

from __future__ import annotations

import difflib
from dataclasses import replace
from pathlib import Path

from safebasin.errors import InputRejectedError, UsageError
from safebasin.prompts.catalog import PromptSet
from safebasin.prompts.files import exists, read
from safebasin.records import Prompt

REQUEST = "{request}"
"""Where the request goes in a wrapper."""


def names() -> list[str]:
    """The names of the jailbreaks that come with the package."""
    return ["none", *_wrappers()]


def wrapper(name: str) -> str:
    """The template of a named jailbreak, with `{request}` in it."""
    return _wrappers()[name]


def apply(jailbreak: str | None, prompts: PromptSet) -> PromptSet:
    """A prompt set as an attacker would send it.

    Args:
        jailbreak: None or "none" for the requests as they are; a name of `names()`; a text with
            `{request}` in it, or a .txt file that holds one; or a prompt file (.csv, .tsv, .jsonl,
            .txt) of finished adversarial prompts, which take the place of harmful requests and
            leave harmless ones as they are.
        prompts: the requests.

    Returns:
        Wrapped prompts know the request that they wrap, so that they can be compared with it one by
        one. The prompts of a file do not.

    Raises:
        UsageError: neither a name, a template nor a file.
        InputRejectedError: the file cannot be used.
    """
    if jailbreak is None or jailbreak == "none":
        return prompts
    if jailbreak in _wrappers():
        return _wrapped(jailbreak, wrapper(jailbreak), prompts)
    if REQUEST in jailbreak:
        return _wrapped("own wrapper", jailbreak, prompts)
    if exists(jailbreak) and Path(jailbreak).is_file():
        return _from_file(Path(jailbreak), prompts)
    near = difflib.get_close_matches(jailbreak, names(), n=1, cutoff=0.4)
    raise UsageError(
        f"no jailbreak or file is called {jailbreak!r}; "
        + (f"did you mean {near[0]!r}? " if near else "")
        + f"names are {', '.join(names())}; a wrapper of your own has {REQUEST} in it"
    )


def _from_file(path: Path, prompts: PromptSet) -> PromptSet:
    if path.suffix.lower() == ".txt" and REQUEST in (text := _text(path)):
        return _wrapped(path.name, text, prompts)
    if all(prompt.kind != "harmful" for prompt in prompts.prompts):
        return prompts
    found = read(path, "harmful")
    chosen = sorted(found.prompts, key=lambda prompt: prompt.id)[: len(prompts.prompts)]
    return PromptSet(path.name, tuple(chosen), found.duplicates, path.name, notes=found.notes)


def _wrapped(name: str, template: str, prompts: PromptSet) -> PromptSet:
    made = (_wrap(template, prompt) for prompt in prompts.prompts)
    ordered = tuple(sorted(made, key=lambda prompt: prompt.id))
    return replace(prompts, prompts=ordered, jailbreak=name)


def _wrap(template: str, prompt: Prompt) -> Prompt:
    return replace(prompt, text=template.replace(REQUEST, prompt.text), original=prompt.id)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputRejectedError(
            f"{path} cannot be read ({error}): save the jailbreak as UTF-8 text"
        ) from None


def _wrappers() -> dict[str, str]:
    from safebasin.models.organism.language import WRAPPERS

    return WRAPPERS
