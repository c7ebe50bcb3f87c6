"""No text becomes a row or a formula, no id a number, and a number that was an id is known."""

from __future__ import annotations

import csv
import io

import pytest

from safebasin.studies.spreadsheet import cell, id_cell, id_of, may_be_number, same


@pytest.mark.parametrize(
    "text",
    ["=1+1", "Sure.\r=cmd", "\r=cmd", "a\r\n=b", "\x0b=c", "a\u2028=d", " \t@e", "-1", '"=f'],
)
def test_a_text_is_one_cell_that_is_no_formula(text: str) -> None:
    """Read as a program does that begins a row at any line end outside quotes."""
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerow(["x", cell(text)])
    raw = written.getvalue()
    rows = list(csv.reader(io.StringIO(raw, newline="")))
    assert len(rows) == 1
    assert not rows[0][1].lstrip().startswith(("=", "+", "-", "@"))
    assert not set("\r\x0b\x0c\x85\u2028\u2029") & set(raw)
    assert same(text, rows[0][1])


@pytest.mark.parametrize("id_", ["1712520000000000", "190594e28", "190594e28#1", "abc"])
def test_an_id_is_no_number(id_: str) -> None:
    with pytest.raises(ValueError, match="could not convert"):
        float(id_cell(id_))
    assert id_of(id_cell(id_)) == id_of(f"'{id_}") == id_


@pytest.mark.parametrize(
    ("written", "id_", "may"),
    [
        ("1.71252E+15", "1712519876543210", True),
        ("1.71E+15", "1712519876543210", True),
        ("1712519876543210", "1712519876543210", True),
        ("1.90594E+33", "190594e28", True),
        ("1.90594E+33", "190595e28", False),
        ("1.71252E+15", "abc", False),
        ("", "1712519876543210", False),
    ],
)
def test_what_a_spreadsheet_makes_of_an_id(written: str, id_: str, may: bool) -> None:
    assert may_be_number(written, id_) is may
