"""What every table format shares: a row, the text of its values, and how much is read."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from safebasin.errors import InputRejectedError

MAX_BYTES = 64 << 20
"""Of a file, and of what a compressed one holds."""

MAX_ROWS = 100_000

Row = dict[str, str]


class NotText(str):
    """An empty text where a value is none, so that who needs it can say what stood there.

    Attributes:
        kind: what it is instead, with its article.
    """

    __slots__ = ("kind",)
    kind: str

    def __new__(cls, kind: str) -> NotText:
        """Of this kind."""
        made = super().__new__(cls, "")
        made.kind = kind
        return made


def as_text(value: Any) -> str:
    """A value of JSON or Parquet as text: numbers and truth values as they are written.

    A whole float is written as a whole number. A list of one text is that text, and so is a
    conversation of one turn. All else is `NotText`.
    """
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict) and isinstance(value.get("role"), str) and "content" in value:
        value = value["content"]
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and not math.isfinite(value):
        return NotText("not a number")
    if isinstance(value, int | float):
        return str(int(value) if value == int(value) else value)
    return value if isinstance(value, str) else NotText(_kind(value))


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return "an object" if isinstance(value, dict) else f"a value of type {type(value).__name__}"


def require_once(path: Path, names: Iterable[str]) -> None:
    """Refuse a table in which one name stands over several columns.

    Raises:
        InputRejectedError: there is such a name.
    """
    twice = [name for name, n in Counter(names).items() if n > 1 and name]
    if twice:
        raise InputRejectedError(
            f"{path} has several columns called {twice[0]!r}: rename or remove all but one"
        )


def require_room(path: Path, number: int) -> None:
    """Refuse a table with more rows than are read.

    Raises:
        InputRejectedError: the number of rows is above `MAX_ROWS`.
    """
    if number > MAX_ROWS:
        raise InputRejectedError(
            f"{path} has more than {MAX_ROWS:,} rows: pass the part of it that you need"
        )


def too_large(path: Path) -> InputRejectedError:
    """The error for a file above `MAX_BYTES`."""
    return InputRejectedError(
        f"{path} is larger than {MAX_BYTES >> 20} MiB: pass the part of it that you need"
    )
