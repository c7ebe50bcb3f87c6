"""What is known of a published prompt set: where it is, what it holds, what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, Literal

from safebasin.records import Kind

Gate = Literal["none", "terms", "form"]
Evidence = Literal["computed", "reported", ""]

GITHUB = "https://github.com"
HUB = "https://huggingface.co"


@dataclass(frozen=True, kw_only=True)
class Side:
    """The requests of one kind in a set.

    Attributes:
        kind: what they are.
        files: which of the set's files hold them.
        column: where a request stands.
        size: rows, before repeated ones are left out.
        category, target: columns of the topic and of the start of an answer; empty if there are
            none. The category `file` is the name of the file.
        where: what columns say in the rows that belong to this side; empty for all rows.
        context: column of a text that stands before the request; empty if there is none.
    """

    kind: Kind
    files: tuple[str, ...]
    column: str
    size: int
    category: str = ""
    target: str = ""
    where: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    context: str = ""

    def holds(self, row: Mapping[str, str]) -> bool:
        """Whether a row of the file belongs to this side."""
        return all(row.get(name, "").strip() == value for name, value in self.where.items())


@dataclass(frozen=True, kw_only=True)
class Source:
    """A published set, as its authors distribute it. None of its texts is in this package.

    Attributes:
        name: how it is asked for.
        title: its own name.
        host: "hub" for a data set on the Hugging Face hub, "github" for a repository.
        repository: owner and name there.
        revision: the commit, 40 hexadecimal digits.
        files: each file's SHA-256, or None where nobody could be asked for it.
        checked: how the checksums are known: "computed" from the file, or "reported" alike by
            several public loaders of the same revision; empty where there are none.
        sides: harmful, benign or bait; one to three of them.
        licence: of the prompts.
        licence_read: whether its text was read; otherwise it is as others report it.
        gate: nothing, terms to be accepted, or a form that a person answers.
        stand_in: a set without a gate that can take its place.
        benign: the harmless counterpart of its harmful side; empty where it has none.
        defects: what is known to be wrong or surprising.
        header: names of columns, where the files have no header line.
        columns: by which a file under any name is known to be of this set; empty if other tables
            have the same.
        literal: whether texts are printed Python bytes, which are turned into text.
    """

    name: str
    title: str
    host: Literal["hub", "github"]
    repository: str
    revision: str
    files: Mapping[str, str | None]
    checked: Evidence
    sides: tuple[Side, ...]
    licence: str
    licence_read: bool
    gate: Gate
    stand_in: str
    benign: str
    defects: tuple[str, ...]
    header: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    literal: bool = False

    def side(self, kind: Kind) -> Side | None:
        """The requests of a kind; bait is benign too, and is given if nothing else is."""
        kinds = ("benign", "bait") if kind == "benign" else (kind,)
        return next((side for wanted in kinds for side in self.sides if side.kind == wanted), None)

    @property
    def page(self) -> str:
        """Where a person reads about it, and accepts its terms."""
        if self.host == "github":
            return f"{GITHUB}/{self.repository}"
        return f"{HUB}/datasets/{self.repository}"


@cache
def published() -> dict[str, Source]:
    """Every published set by name, in alphabetic order."""
    folder = Path(__file__).with_name("sets")
    files = sorted(folder.glob("*.json"), key=lambda path: path.stem)
    sources = (_parsed(json.loads(path.read_text(encoding="utf-8"))) for path in files)
    return {source.name: source for source in sources}


def file_name(path: str) -> str:
    """The last part of a path in a repository."""
    return PurePosixPath(path).name


def _parsed(value: dict[str, Any]) -> Source:
    sides = tuple(
        Side(**{**side, "files": tuple(side["files"]), "where": _frozen(side.get("where", {}))})
        for side in value["sides"]
    )
    lists = {name: tuple(value.get(name, ())) for name in ("defects", "header", "columns")}
    return Source(**{**value, **lists, "sides": sides, "files": _frozen(value["files"])})


def _frozen(value: dict[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(value))
