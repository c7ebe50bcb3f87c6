"""Texts and ids in a form that a spreadsheet neither runs nor changes."""

from __future__ import annotations

import re

_FORMULA = ("=", "+", "-", "@", "\t")
_BLANK = " \u00a0\n"
_BREAKS = re.compile("\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
_ID = "id:"
MOST = 14
"""Digits after the first that a spreadsheet keeps of a number."""


def cell(text: str) -> str:
    """The text, after an apostrophe if it begins like a formula (OWASP, CSV injection).

    Whatever some program takes for the end of a line becomes a line feed, which stays in its cell
    because writers of CSV quote it. Bare carriage returns they do not quote, and readers begin a
    row there, so that what follows could be a formula.
    """
    text = _BREAKS.sub("\n", text)
    return f"'{text}" if text.lstrip(_BLANK).startswith(_FORMULA) else text


def id_cell(id_: str) -> str:
    """The id of a response, led by letters: hex digits such as 190594e28 look like a number."""
    return f"{_ID}{id_}"


def id_of(written: str) -> str:
    """The id that `id_cell` wrote, or that stands there as it is."""
    return written.strip().lstrip("'").removeprefix(_ID)


def may_be_number(written: str, id_: str) -> bool:
    """Whether an id, taken for a number by a spreadsheet, would be written like this.

    As many digits count as are written, and at most fifteen, which is what spreadsheets keep.
    """
    places = min(len(written.lower().partition("e")[0].strip().replace(".", "")) - 1, MOST)
    try:
        return f"{float(id_):.{places}E}" == f"{float(written):.{places}E}"
    except ValueError:
        return False


def same(one: str, other: str) -> bool:
    """Whether two texts are alike but for what `cell` and spreadsheets change: blanks, a quote."""
    return _plain(one) == _plain(other)


def _plain(text: str) -> str:
    return "".join(text.split()).lstrip("'\ufeff")
