"""Table files as rows of text: CSV, TSV, JSON, JSON Lines, Parquet and plain text, as data only."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import lzma
import re
import stat
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from safebasin.errors import InputRejectedError
from safebasin.prompts import rowsof
from safebasin.prompts.parquet import parquet_rows
from safebasin.prompts.rowsof import (
    Row,
    as_text,
    require_once,
    require_room,
    too_large,
)

FORMATS = ".csv, .tsv, .jsonl, .json, .parquet or .txt"
_SCRIPTS = (".py", ".ipynb", ".sh", ".js", ".exe")
_PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".bin", ".npy", ".npz", ".joblib")
_ARCHIVES = (".zip", ".tar", ".tgz", ".7z", ".rar")
_PACKED: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".xz": lzma.open}
_SPACE = re.compile(r"[ \t\r\n]*")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def rows(path: Path, header: Sequence[str] = ()) -> list[Row]:
    """Read every row of a file; numbers become text, what is no text at all `rowsof.NotText`.

    By suffix: `.csv` and `.tsv` have a header line, `.jsonl` one object (or string) a line, `.json`
    an array of such or the same as `.jsonl`, `.parquet` is a table, `.txt` has one row a line. Any
    of them may be packed as `.gz` or `.xz`. A byte-order mark, that of UTF-16 too, and any line
    ends are understood, and in a `.csv` semicolons and tabs where its header has no comma. A list
    of one text, as in a conversation of one turn, is that text.

    Args:
        path: the file.
        header: names of the columns of a `.csv` or `.tsv` that has no header line.

    Returns:
        At least one row. That of a plain text file has one column, whose name is empty.

    Raises:
        InputRejectedError: the file is missing, no table of these formats, not UTF-8, empty,
            larger than `rowsof.MAX_BYTES` or `rowsof.MAX_ROWS`, or has a column twice. The message
            names file and row.
        ResourceError: it is Parquet and pyarrow is not installed.
    """
    _require_regular(path)
    suffix = _suffix(path)
    data = _data(path)
    found = list(
        parquet_rows(path, data) if suffix == ".parquet" else _text_rows(path, data, header)
    )
    if not found:
        raise InputRejectedError(f"{path} holds no prompts: give it at least one row")
    return found


def _require_regular(path: Path) -> None:
    """Asked before anything is read, because a pipe or a device may never end."""
    try:
        found = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputRejectedError(
            f"{path} cannot be read ({reason}): check the path of the prompt file"
        ) from None
    if not stat.S_ISREG(found.st_mode):
        raise InputRejectedError(f"{path} is not a regular file: pass a file of prompts")
    if found.st_size > rowsof.MAX_BYTES:
        raise too_large(path)


def _suffix(path: Path) -> str:
    """What kind of table a file's name promises, whatever it is packed in."""
    name = path.name.lower()
    suffix = Path(name.removesuffix(".gz").removesuffix(".xz")).suffix
    for kind, suffixes in (
        ("script, which is never run", _SCRIPTS),
        ("pickle, which is never opened", _PICKLES),
        ("archive, which is never unpacked", _ARCHIVES),
    ):
        if suffix in suffixes:
            raise InputRejectedError(f"{path} is a {kind}: pass a table that ends in {FORMATS}")
    if suffix not in (".csv", ".tsv", ".jsonl", ".json", ".parquet", ".txt"):
        raise InputRejectedError(f"{path}: a prompt file ends in {FORMATS}")
    return suffix


def _data(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        if unpack := _PACKED.get(path.suffix.lower()):
            data = bytes(unpack(io.BytesIO(data)).read(rowsof.MAX_BYTES + 1))
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        reason = (
            getattr(error, "strerror", None) or "it is cut short or not packed as its name says"
        )
        raise InputRejectedError(
            f"{path} cannot be read ({reason}): check the path of the prompt file"
        ) from None
    if len(data) > rowsof.MAX_BYTES:
        raise too_large(path)
    return data


def _text_rows(path: Path, data: bytes, header: Sequence[str]) -> Iterator[Row]:
    text = _decoded(path, data)
    start = text[:200].lstrip().lower()
    if start.startswith(("<!doctype", "<html")):
        raise InputRejectedError(f"{path} is a web page: download the file itself (its raw form)")
    if start.startswith("version https://git-lfs"):
        raise InputRejectedError(f"{path} is a Git LFS pointer: fetch the file with `git lfs pull`")
    suffix = _suffix(path)
    if suffix in (".csv", ".tsv"):
        found = _csv(path, text, "\t" if suffix == ".tsv" else _delimiter(text), header)
    elif suffix == ".txt":
        found = ({"": line.strip()} for line in _split(text) if line.strip())
    elif suffix == ".json" and text.lstrip().startswith("["):
        found = _array(path, text)
    else:
        found = _jsonl(path, text)
    for number, row in enumerate(found, start=1):
        require_room(path, number)
        yield row


def _decoded(path: Path, data: bytes) -> str:
    try:
        return data.decode("utf-16" if data.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1  # of UTF-16, about
        raise InputRejectedError(
            f"{path}: line {line} is not UTF-8 (byte {error.object[error.start]:#04x}); "
            "save the file as UTF-8"
        ) from None


def _delimiter(text: str) -> str:
    """A comma, or what spreadsheets in other languages write in its place."""
    first = text.partition("\n")[0]
    return next((sign for sign in ",;\t" if sign in first), ",")


def _csv(path: Path, text: str, delimiter: str, header: Sequence[str]) -> Iterator[Row]:
    lines = io.StringIO(text, newline="")
    reader = csv.DictReader(lines, delimiter=delimiter, strict=True)
    number = 0
    try:
        names = list(header) or reader.fieldnames or ()
        reader.fieldnames = [name.strip() for name in names]
        require_once(path, reader.fieldnames)
        for fields in reader:
            if any(map(str.strip, fields.pop(None, ()))):
                raise InputRejectedError(
                    f"{path}: row {number + 1} has more fields than the header: "
                    f"put a text that holds a {delimiter!r} into double quotes"
                )
            if any(value and value.strip() for value in fields.values()):
                number += 1
                yield {name: value or "" for name, value in fields.items()}
    except csv.Error as error:
        raise InputRejectedError(
            f"{path}: row {number + 1} (line {reader.reader.line_num}) cannot be read as a "
            f"table ({error}): mend or remove the row"
        ) from None


def _jsonl(path: Path, text: str) -> Iterator[Row]:
    for number, line in enumerate(_split(text), start=1):
        if line.strip():
            try:
                value = _DECODER.decode(line)
            except (ValueError, RecursionError) as error:
                raise _not_json(path, f"line {number}", error) from None
            yield _object(path, f"line {number}", value)


def _array(path: Path, text: str) -> Iterator[Row]:
    """One element at a time, so that a bad one is named and too many are never all in memory."""
    decode = _DECODER.raw_decode
    at, number = _after(text, text.index("[") + 1), 0
    while not text.startswith("]", at):
        number += 1
        try:
            value, at = decode(text, at)
        except (ValueError, RecursionError) as error:
            raise _not_json(path, f"row {number}", error) from None
        yield _object(path, f"row {number}", value)
        at = _after(text, at)
        if text.startswith(",", at):
            at = _after(text, at + 1)
        elif not text.startswith("]", at):
            raise _not_json(path, f"row {number}", "neither a comma nor a bracket follows it")
    if _after(text, at + 1) != len(text):
        raise _not_json(path, "what follows the array", "there is text after its last bracket")


def _after(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _not_json(path: Path, place: str, why: object) -> InputRejectedError:
    return InputRejectedError(f"{path}: {place} is not JSON ({why})")


def _object(path: Path, place: str, value: Any) -> Row:
    if isinstance(value, str):
        return {"prompt": value}
    if not isinstance(value, dict):
        raise InputRejectedError(f"{path}: {place} is neither an object nor a string")
    return {name: as_text(item) for name, item in value.items()}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object has one name twice")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_once)


def _split(text: str) -> list[str]:
    """Lines by line feed alone: a JSON string may hold U+2028, which `splitlines` would cut at."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
