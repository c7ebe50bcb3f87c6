"""Prompt sets by name or file, chosen so that the order of a file never matters."""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from safebasin.errors import InputRejectedError, ResourceError, UsageError
from safebasin.prompts.files import exists, read
from safebasin.prompts.sources import loading
from safebasin.prompts.sources.recognising import recognise
from safebasin.prompts.sources.source import Source, published
from safebasin.records import Kind, Prompt

PUBLIC, BUNDLED, HARMLESS = "jailbreakbench", "general-harmful", "everyday"
"""What a model is asked by default: harmful requests of a public set, in its place where it cannot
be fetched those in here, and plain questions."""


@dataclass(frozen=True)
class PromptSet:
    """One side of a run's prompts.

    Attributes:
        source: the set's name, or the file's name, or both as NAME=FILE.
        prompts: ordered by id.
        duplicates: rows of the source that repeated an earlier one.
        jailbreak: what the requests are wrapped in; empty where nothing is.
        revision: of a published set, the commit that it is known to be of; else empty.
        licence: of a published set; else empty.
        checksum: SHA-256 of that revision's file, as it was read; else empty.
        notes: what a person should know of how it was read, in sentences.
    """

    source: str
    prompts: tuple[Prompt, ...]
    duplicates: int = 0
    jailbreak: str = ""
    revision: str = ""
    licence: str = ""
    checksum: str = ""
    notes: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """A hash of the prompts' ids: the same set has the same digest wherever it came from."""
        ids = "\n".join(prompt.id for prompt in self.prompts)
        return hashlib.sha256(ids.encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, str | int]:
        """As it stands in a request."""
        told = {
            "jailbreak": self.jailbreak,
            "revision": self.revision,
            "licence": self.licence,
            "checksum": self.checksum,
        }
        return {
            "source": self.source,
            "n": len(self.prompts),
            "duplicates": self.duplicates,
            "digest": self.digest,
            **{name: value for name, value in told.items() if value},
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
        name: one of `names()`; a published set's name, whose side of the kind is fetched; that name
            and a file or folder in its format, as NAME=FILE; or a path, of a copy of a published
            file too, which is known by its checksum or its columns.
        kind: what the prompts of a file are; a named set must have such. Benign also means bait.
        column: for files, where the requests stand.
        limit: at most so many prompts; None for all.

    Raises:
        UsageError: no such set, a set without this kind, or a limit below one.
        InputRejectedError: the file is not fit to be used, or the set may not be read.
        IntegrityError: a published set is not what it was.
        ResourceError: a published set is out of reach.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"--limit is {limit}; it must be at least 1")
    source, given = _named(name)
    if name in _sets():
        found = PromptSet(name, _of_kind(name, kind))
    elif source is not None:
        found = _published(source, kind, given, column)
    elif exists(name) or (Path(name).suffix and "=" not in name):
        found = _of_file(Path(name), kind, column)
    else:
        raise _unknown(name)
    chosen = tuple(sorted(found.prompts, key=lambda prompt: prompt.id)[:limit])
    return replace(found, prompts=chosen)


def usual(limit: int | None = None) -> tuple[PromptSet, str]:
    """The harmful requests that a model is asked by default, and a sentence that names them.

    They are those of `PUBLIC`, at its pinned revision, where it is in the cache or can be fetched,
    and those of `BUNDLED` elsewhere.

    Args:
        limit: see `load`.

    Raises:
        IntegrityError: what was fetched is not what was published.
    """
    choose = "--prompts asks others (`safebasin list prompts`)"
    try:
        found = load(PUBLIC, "harmful", limit=limit)
    except (InputRejectedError, ResourceError):
        why = f"{PUBLIC} cannot be fetched here"
        told = f"the harmful requests are those of {BUNDLED}, in general words, because {why}"
        return load(BUNDLED, "harmful", limit=limit), f"{told}; {choose}"
    return found, f"the harmful requests are those of {PUBLIC}; {choose}"


def counterpart(name: str) -> str:
    """The harmless set that belongs to a harmful one, so that over-refusal is always measured.

    Args:
        name: as for `load`.

    Returns:
        A name for `load`: the twins of the organism's sets, the benign side of a published set
        that has one, else plain questions.
    """
    source, given = _named(name)
    if name in _sets():
        twin = name.replace("harmful", "benign")
        return twin if twin in _sets() else HARMLESS
    if source is None and exists(name) and (known := recognise(Path(name), "harmful")):
        source, given = known.source, Path(name)
    return HARMLESS if source is None else loading.counterpart(source, given)


def names() -> list[str]:
    """The names of the sets that come with the package."""
    return list(_sets())


def contents(name: str) -> tuple[Prompt, ...]:
    """Every prompt of a set that comes with the package."""
    return _sets()[name]()


def _named(name: str) -> tuple[Source | None, Path | None]:
    """The published set that a name or NAME=FILE means, and the file."""
    title, equals, path = name.partition("=")
    source = published().get(title.casefold())
    if source is None or not equals:
        return source, None
    if not path:
        raise UsageError(f"{name} names no file: pass {source.name}=FILE, or {source.name} alone")
    return source, Path(os.path.expanduser(path))  # noqa: PTH111 - that of Path may raise


def _of_file(path: Path, kind: Kind, column: str | None) -> PromptSet:
    """The requests of a table; those of a published set, if it is one."""
    if known := recognise(path, kind):
        found = _published(known.source, kind, path, column)
        return replace(found, notes=(known.note, *found.notes))
    file = read(path, kind, column)
    return PromptSet(path.name, file.prompts, file.duplicates, notes=file.notes)


def _published(source: Source, kind: Kind, given: Path | None, column: str | None) -> PromptSet:
    found = loading.load(source, kind, given, column)
    return PromptSet(
        source.name if given is None else f"{source.name}={given.name}",
        found.prompts,
        found.duplicates,
        revision=found.revision,
        licence=source.licence,
        checksum=found.checksum,
        notes=found.notes,
    )


def _of_kind(name: str, kind: Kind) -> tuple[Prompt, ...]:
    prompts = contents(name)
    if prompts[0].kind != kind and not (kind == "benign" and prompts[0].kind == "bait"):
        raise UsageError(f"{name} is a set of {prompts[0].kind} prompts, not of {kind} ones")
    return prompts


def _unknown(name: str) -> UsageError:
    known = [*names(), *published()]
    near = difflib.get_close_matches(name.partition("=")[0], known, n=3, cutoff=0.4)
    return UsageError(
        f"no prompt set is called {name!r}; "
        + (f"near it: {', '.join(near)}" if near else f"there are: {', '.join(known)}")
    )


def _sets() -> dict[str, Callable[[], tuple[Prompt, ...]]]:
    from safebasin.models.organism.language import prompt_sets

    organism = {name: (lambda prompts=prompts: prompts) for name, prompts in prompt_sets().items()}
    return {
        **organism,
        BUNDLED: lambda: _bundled(BUNDLED, "harmful"),
        HARMLESS: lambda: _bundled(HARMLESS, "benign"),
    }


def _bundled(name: str, kind: Kind) -> tuple[Prompt, ...]:
    """Eighty requests that come with the package."""
    return read(Path(__file__).with_name(f"{name}.txt"), kind).prompts
