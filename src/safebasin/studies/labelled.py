"""Responses that people have labelled: files of them, read as data."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from safebasin.errors import InputRejectedError, UsageError
from safebasin.judges.base import Exchange
from safebasin.models.shown import shown
from safebasin.models.thinking import Said, split
from safebasin.prompts.formats import rows
from safebasin.prompts.rowsof import NotText, Row, require_once
from safebasin.records import Label, Prompt, Response
from safebasin.report.formatting import count

PROMPTS = ("prompt", "goal", "instruction", "request", "question", "behavior")
RESPONSES = ("response", "completion", "answer", "generation", "output")
LABELS = ("final_label", "human_label", "human", "label", "annotation")
"""Of several the first counts: beside a person's final word, `label` is often the prompt's."""

STRATA = ("stratum", "coherence")

MEANING: dict[str, Label | Literal["partial"]] = {
    **dict.fromkeys(
        ("refused", "refusal", "refuse", "rejected", "full_refusal", "2_full_refusal"),
        Label.REFUSED,
    ),
    **dict.fromkeys(
        ("complied", "comply", "compliance", "full_compliance", "1_full_compliance"),
        Label.COMPLIED,
    ),
    **dict.fromkeys(("unsafe", "harmful", "jailbroken", "yes", "true", "1"), Label.COMPLIED),
    **dict.fromkeys(("incoherent", "garbage", "gibberish"), Label.INCOHERENT),
    **dict.fromkeys(("other", "safe", "harmless", "no", "false", "0", "-1"), Label.OTHER),
    **dict.fromkeys(
        ("partial", "partial_refusal", "partial_compliance", "3_partial_refusal"), "partial"
    ),
}
"""What people write for a label, spaces as underscores; `other` is whatever did not comply and is
not said to refuse."""

_ANALYSIS, _ANSWERING = "analysis", "assistantfinal"
"""What is left of gpt-oss's channels in a text that was decoded without special tokens."""

_OF_PROMPTS = frozenset(("safe", "unsafe"))
_BESIDE_PROMPTS = ("type", "focus")
_NO_LABEL = ("null", "not a number")


@dataclass(frozen=True)
class Labelled:
    """A response with the label that a person gave.

    Attributes:
        exchange: the request and the response.
        label: the person's.
        stratum: what kind of text it is, as the file calls it; empty if it does not say.
        place: of a response from a run: key of its point and id of the response, else None.
    """

    exchange: Exchange
    label: Label
    stratum: str
    place: tuple[str, str] | None


@dataclass(frozen=True)
class LabelledFile:
    """What a file held.

    Attributes:
        name: of the file.
        digest: sixteen hex digits of its contents.
        found: rows with a label that counts.
        unlabelled: rows without one.
        partial: rows labelled as partly refused that were left out.
        notes: what a person should know of how it was read, in sentences.
    """

    name: str
    digest: str
    found: tuple[Labelled, ...]
    unlabelled: int
    partial: int
    notes: tuple[str, ...] = ()


def read(path: Path, *, partial: str = "complied") -> LabelledFile:
    """Read a labelled file: .csv, .tsv, .jsonl, .json or .parquet.

    Columns are found by their usual names, in any case: `prompt`, `response` (or `completion`),
    `label` (or `final_label`, as in XSTest's published completions, which goes before `label`), and
    if there is one `stratum`. A sheet written by `safebasin label` has `point` and `id` too, which
    say where in a run a row is from. Numbers and truth values are labels as well as words.

    Thoughts between the markers of `thinking.PAIRS` are no part of a response, also where the first
    marker is missing; of a text that begins with `analysis`, as gpt-oss's does once its special
    tokens are gone, the answer is what follows the last `assistantfinal`. A sheet's rows have their
    answers already.

    Args:
        path: the file.
        partial: what a partial refusal counts as: compliance, or nothing.

    Raises:
        UsageError: `partial` is neither.
        InputRejectedError: the file cannot be read, lacks a column, has a label that is not one of
            `MEANING`, or a prompt or response that is no text. The message names the row.
    """
    if partial not in ("complied", "leave out"):
        raise UsageError(f"--partial is {partial!r}; it must be 'complied' or 'leave out'")
    table = [_folded(path, row) for row in rows(path)]
    columns = {what: _column(path, table, names, what) for what, names in _WANTED.items()}
    _require_label_of_response(path, table, columns["label"])
    found, unlabelled, left_out = [], 0, 0
    for number, row in enumerate(table, start=1):
        label = _label(path, number, row.get(columns["label"], ""))
        if label is None:
            unlabelled += 1
        elif label == "partial" and partial == "leave out":
            left_out += 1
        else:
            counted = Label.COMPLIED if label == "partial" else label
            found.append(_labelled(path, row, number, columns, counted))
    if not found:
        raise InputRejectedError(
            f"{path} has no labelled row: fill in the column {columns['label']!r}"
        )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    notes = tuple(_notes(table, columns, unlabelled, left_out))
    return LabelledFile(path.name, digest, tuple(found), unlabelled, left_out, notes)


_WANTED = {"prompt": PROMPTS, "response": RESPONSES, "label": LABELS}


def _folded(path: Path, row: Row) -> Row:
    """A row with its names in lower case."""
    require_once(path, (name.casefold() for name in row))
    return {name.casefold(): value for name, value in row.items()}


def _label(path: Path, number: int, written: str) -> Label | Literal["partial"] | None:
    """What a label means; None where there is none."""
    if isinstance(written, NotText) and written.kind not in _NO_LABEL:
        raise InputRejectedError(f"{path}: row {number} has {written.kind} as its label")
    if not written.strip():
        return None
    word = "_".join(written.casefold().split())
    label = MEANING.get(word.removesuffix(".0"))
    if label is None:
        raise InputRejectedError(
            f"{path}: row {number} is labelled {shown(written)}; labels are "
            f"{', '.join(list(Label))}, partial, or 1 (complied) and 0"
        )
    return label


def _notes(
    table: Sequence[Row], columns: dict[str, str], unlabelled: int, left_out: int
) -> Iterator[str]:
    for what, wanted in _WANTED.items():
        others = [n for n in wanted if n != columns[what] and any(map(_said(n), table))]
        if others:
            yield (
                f"{what}s are those of the column {columns[what]!r}; not read: {', '.join(others)}"
            )
    if unlabelled:
        yield f"{count(unlabelled, 'rows')} without a label, not counted"
    if left_out:
        yield f"{count(left_out, 'rows')} labelled as partly refused, left out"


def _said(name: str) -> Callable[[Row], bool]:
    return lambda row: bool(row.get(name, "").strip())


def _require_label_of_response(path: Path, table: Sequence[Row], column: str) -> None:
    """Refuse labels that seem to be of the prompts, as XSTest's `label` is."""
    said = {row.get(column, "").strip().casefold() for row in table}
    if (
        column == "label"
        and said <= _OF_PROMPTS
        and any(name in table[0] for name in _BESIDE_PROMPTS)
    ):
        raise InputRejectedError(
            f"{path}: its column 'label' says safe or unsafe beside the type of each prompt, as "
            "prompt sets do: call the column with the labels of the responses 'final_label'"
        )


def _labelled(path: Path, row: Row, number: int, columns: dict[str, str], label: Label) -> Labelled:
    asked, said = (_text(path, number, row, columns[what]) for what in ("prompt", "response"))
    prompt = Prompt(asked, "harmful")
    stratum = next((row[name].strip().lower() for name in STRATA if row.get(name)), "")
    place = (row["point"], row["id"]) if row.get("point") and row.get("id") else None
    thoughts = row.get("thoughts", "")
    if place is None:
        thoughts, said, _ = _parts(said)
    response = Response(prompt.id, said, (), "eos", number, thoughts)
    return Labelled(Exchange(prompt, response, told=True), label, stratum, place)


def _parts(text: str) -> Said:
    """Thoughts and answer of a response whose prompt and tokens are not known."""
    if text.lstrip().startswith(_ANALYSIS) and _ANSWERING in text:
        thoughts, _, answer = text.lstrip().removeprefix(_ANALYSIS).rpartition(_ANSWERING)
        return Said(thoughts.strip(), answer.lstrip())
    return split(text, unopened=True)


def _text(path: Path, number: int, row: Row, column: str) -> str:
    """What stands in a column; an empty response is one, a missing or nested one is not."""
    found = row.get(column, NotText("nothing"))
    if isinstance(found, NotText):
        raise InputRejectedError(
            f"{path}: row {number} has {found.kind} in the column {column!r}: write the text "
            "itself, or remove the row"
        )
    return found


def _column(path: Path, table: Sequence[Row], wanted: Sequence[str], what: str) -> str:
    names = list(dict.fromkeys(name for row in table for name in row))
    found = next((name for name in wanted if name in names), None)
    if found is None:
        raise InputRejectedError(
            f"{path} has no column for the {what} ({', '.join(wanted)}); it has "
            f"{', '.join(map(shown, names)) or 'none'}: rename one"
        )
    return found
