"""What is no table of prompts, however it is called, and what tables may hold."""

from __future__ import annotations

import gzip
import json
import lzma
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from safebasin.errors import InputRejectedError
from safebasin.prompts import rowsof
from safebasin.prompts.files import read
from safebasin.prompts.formats import rows


class TestNoTables:
    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("a.py", "script, which is never run"),
            ("a.ipynb", "script, which is never run"),
            ("a.pkl", "pickle, which is never opened"),
            ("a.pickle.gz", "pickle, which is never opened"),
            ("a.pt", "pickle, which is never opened"),
            ("a.zip", "archive, which is never unpacked"),
            ("a.tar.gz", "archive, which is never unpacked"),
            ("a.gz", "a prompt file ends in"),
            ("a", "a prompt file ends in"),
        ],
    )
    def test_by_name(self, tmp_path: Path, name: str, said: str) -> None:
        (tmp_path / name).write_text("raise SystemExit('run')")
        with pytest.raises(InputRejectedError, match=said) as caught:
            rows(tmp_path / name)
        assert "\n" not in str(caught.value)

    def test_an_archive_under_another_name(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "a.csv", "w") as archive:
            archive.writestr("a.csv", "goal\none\n" + "é" * 100)
        with pytest.raises(InputRejectedError, match=r"not UTF-8|no column|a NUL|fields"):
            read(tmp_path / "a.csv", "harmful")

    @pytest.mark.parametrize("page", ["<!DOCTYPE html>\n<html>", "  <HTML><body>goal\n"])
    def test_a_web_page(self, tmp_path: Path, page: str) -> None:
        (tmp_path / "a.csv").write_text(page)
        with pytest.raises(InputRejectedError, match="is a web page: download the file itself"):
            rows(tmp_path / "a.csv")

    def test_a_pointer(self, tmp_path: Path) -> None:
        pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"
        (tmp_path / "a.csv").write_text(pointer)
        with pytest.raises(InputRejectedError, match="is a Git LFS pointer"):
            rows(tmp_path / "a.csv")

    @pytest.mark.parametrize("name", ["a.jsonl.gz", "a.csv.xz"])
    def test_what_is_not_packed(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).write_text("goal\none\n")
        with pytest.raises(InputRejectedError, match="not packed as its name says"):
            rows(tmp_path / name)

    @pytest.mark.parametrize(("name", "pack"), [("a.txt.gz", gzip), ("a.txt.xz", lzma)])
    def test_what_unpacks_to_too_much(
        self, tmp_path: Path, name: str, pack: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rowsof, "MAX_BYTES", 1 << 20)
        (tmp_path / name).write_bytes(pack.compress(b"x" * (20 << 20)))
        assert (tmp_path / name).stat().st_size < 1 << 20
        with pytest.raises(InputRejectedError, match="larger than 1 MiB"):
            rows(tmp_path / name)


def test_a_header_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('one\n"two, three"\n')
    assert rows(tmp_path / "a.csv", ("prompt",)) == [{"prompt": "one"}, {"prompt": "two, three"}]
    (tmp_path / "a.csv").write_text("one\ntwo, three\n")
    with pytest.raises(InputRejectedError, match="row 2 has more fields"):
        rows(tmp_path / "a.csv", ("prompt",))


@pytest.mark.parametrize("sign", [";", "\t"])
def test_what_spreadsheets_write_in_place_of_a_comma(tmp_path: Path, sign: str) -> None:
    lines = [f"id{sign} goal", f'1{sign}"one, or {sign} two"']
    for encoding in ("utf-8-sig", "utf-16"):
        (tmp_path / "a.csv").write_text("\r\n".join(lines), encoding=encoding)
        assert rows(tmp_path / "a.csv") == [{"id": "1", "goal": f"one, or {sign} two"}]


def test_values_that_json_can_hold_as_text(tmp_path: Path) -> None:
    values = ["a", 1, 1.0, -1.5, True, ["a"], [{"role": "user", "content": "a"}]]
    path = tmp_path / "a.json"
    path.write_text(json.dumps([{"prompt": value} for value in values]))
    assert [row["prompt"] for row in rows(path)] == ["a", "1", "1", "-1.5", "true", "a", "a"]


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    made = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["goal", "goal"])
    pq.write_table(made, tmp_path / "a.parquet")
    (tmp_path / "a.tsv").write_text("goal\tgoal\na\tb\n")
    for name in ("a.parquet", "a.tsv"):
        with pytest.raises(InputRejectedError, match="several columns called 'goal'"):
            rows(tmp_path / name)
