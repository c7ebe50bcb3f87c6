"""How a name from outside is put into a message: no control characters, and never a page long."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def shown(text: object, limit: int = 160) -> str:
    """The text in quotes, control and direction characters escaped, cut to `limit` characters.

    A path is cut in its middle: which file it is stands at its end.
    """
    plain = str(text)
    if len(plain) <= limit:
        return repr(plain)
    tail = (limit - 1) // 2 if isinstance(text, Path) else 0
    return repr(f"{plain[: limit - 1 - tail]}…{plain[len(plain) - tail :]}")


def first_ten(names: Sequence[str]) -> str:
    """The first ten names of a list, as they are shown, and whether there are more."""
    return ", ".join(map(shown, names[:10])) + (", …" if len(names) > 10 else "")
