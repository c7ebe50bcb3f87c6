"""Prompt sets by name or file, chosen so that the order of a file never matters."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from safebasin.errors import UsageError
from safebasin.prompts.files import exists, read
from safebasin.records import Kind, Prompt


@dataclass(frozen=True)
class PromptSet:
    """One side of a run's prompts.

    Attributes:
        source: the set's name, or the file's name.
        prompts: ordered by id.
        duplicates: rows of the source that repeated an earlier one.
        jailbreak: what the requests are wrapped in; empty where nothing is.
    """

    source: str
    prompts: tuple[Prompt, ...]
    duplicates: int = 0
    jailbreak: str = ""

    @cached_property
    def digest(self) -> str:
        """A hash of the prompts' ids: the same set has the same digest wherever it came from."""
        ids = "\n".join(prompt.id for prompt in self.prompts)
        return hashlib.sha256(ids.encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, str | int]:
        """As it stands in a request."""
        jailbreak = {"jailbreak": self.jailbreak} if self.jailbreak else {}
        return {
            "source": self.source,
            "n": len(self.prompts),
            "duplicates": self.duplicates,
            "digest": self.digest,
            **jailbreak,
        }


def load(
    name: str, kind: Kind, *, column: str | None = None, limit: int | None = None
) -> PromptSet:
    """A named set, or a file's requests.

    `limit` keeps the prompts with the smallest ids. Ids are hashes of the text, so this is a fair
    sample of the source that does not depend on its order, and that loses or gains one prompt when
    one row is edited. (The published code takes the first 80 rows: pass a file of these rows to
    repeat it.)

    Args:
        name: one of `names()`, or a path.
        kind: what the prompts of a file are; a named set must be of this kind.
        column: for files, where the requests stand.
        limit: at most so many prompts; None for all.

    Raises:
        UsageError: no such set, a set of another kind, or a limit below one.
        InputRejectedError: the file is not fit to be used.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"--limit is {limit}; it must be at least 1")
    if name in _sets():
        prompts, duplicates, source = _sets()[name](), 0, name
        if prompts[0].kind != kind and not (kind == "benign" and prompts[0].kind == "bait"):
            raise UsageError(f"{name} is a set of {prompts[0].kind} prompts, not of {kind} ones")
    elif Path(name).suffix or exists(name):
        found = read(Path(name), kind, column)
        prompts, duplicates, source = found.prompts, found.duplicates, Path(name).name
    else:
        near = difflib.get_close_matches(name, names(), n=3, cutoff=0.4)
        raise UsageError(
            f"no prompt set is called {name!r}; "
            + (f"near it: {', '.join(near)}" if near else f"there are: {', '.join(names())}")
        )
    chosen = tuple(sorted(prompts, key=lambda prompt: prompt.id)[:limit])
    return PromptSet(source, chosen, duplicates)


def names() -> list[str]:
    """The names of the sets that come with the package."""
    return list(_sets())


def contents(name: str) -> tuple[Prompt, ...]:
    """Every prompt of a set that comes with the package."""
    return _sets()[name]()


def _sets() -> dict[str, Callable[[], tuple[Prompt, ...]]]:
    from safebasin.models.organism.language import prompt_sets

    organism = {name: (lambda prompts=prompts: prompts) for name, prompts in prompt_sets().items()}
    return {**organism, "everyday": _everyday}


def _everyday() -> tuple[Prompt, ...]:
    """Eighty plain questions that any chat model should answer."""
    return read(Path(__file__).with_name("everyday.txt"), "benign").prompts
