"""What every format has in common, whatever its files are called."""

from __future__ import annotations

import builtins
import gzip
import json
import lzma
import random
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from safebasin.errors import InputRejectedError, ResourceError
from safebasin.prompts import rowsof
from safebasin.prompts.catalog import load
from safebasin.prompts.files import MAX_CHARACTERS, read
from safebasin.prompts.formats import rows
from safebasin.prompts.rowsof import NotText

TEXTS = [f"Describe how to paint a wall, in the colour number {i}." for i in range(30)]
Write = Callable[[Path, list[str]], None]


def _csv(path: Path, texts: list[str]) -> None:
    delimiter = "\t" if ".tsv" in path.name else ","
    quoted = ('"' + text.replace('"', '""') + '"' for text in texts)
    _packed(path, f"id{delimiter}goal\n" + "".join(f"1{delimiter}{text}\n" for text in quoted))


def _json(path: Path, texts: list[str]) -> None:
    objects = [{"id": 1, "goal": text} for text in texts]
    lines = "".join(f"{json.dumps(one)}\n" for one in objects)
    _packed(path, json.dumps(objects, indent=1) if path.name == "array.json" else lines)


def _txt(path: Path, texts: list[str]) -> None:
    _packed(path, "".join(f"{text}\n" for text in texts))


def _parquet(path: Path, texts: list[str]) -> None:
    pq.write_table(pa.table({"id": list(range(len(texts))), "goal": texts}), path)


def _packed(path: Path, text: str) -> None:
    pack: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".xz": lzma.compress}
    data = text.encode(errors="surrogatepass")
    path.write_bytes(pack.get(path.suffix, bytes)(data))


FORMATS: dict[str, Write] = {
    "a.csv": _csv,
    "a.tsv": _csv,
    "a.jsonl": _json,
    "array.json": _json,
    "lines.json": _json,
    "a.parquet": _parquet,
    "a.txt": _txt,
    "a.jsonl.gz": _json,
    "a.csv.xz": _csv,
}
EVERY = pytest.mark.parametrize("name", FORMATS)
JSON = [name for name in FORMATS if "json" in name]


def written(folder: Path, name: str, texts: list[str]) -> Path:
    FORMATS[name](folder / name, texts)
    return folder / name


class TestEveryFormat:
    @EVERY
    def test_the_same_prompts(self, tmp_path: Path, name: str) -> None:
        found = load(str(written(tmp_path, name, TEXTS)), "harmful")
        plain = load(str(written(tmp_path, "a.txt", TEXTS)), "harmful")
        assert found.prompts == plain.prompts
        assert found.digest == plain.digest

    @EVERY
    def test_order_does_not_matter(self, tmp_path: Path, name: str) -> None:
        before = load(str(written(tmp_path, name, TEXTS)), "harmful", limit=7)
        for seed in range(3):
            shuffled = random.Random(seed).sample(TEXTS, len(TEXTS))
            assert load(str(written(tmp_path, name, shuffled)), "harmful", limit=7) == before

    @EVERY
    def test_an_edited_row_changes_itself_alone(self, tmp_path: Path, name: str) -> None:
        before = {*load(str(written(tmp_path, name, TEXTS)), "harmful").prompts}
        edited = [*TEXTS[:9], f"{TEXTS[9]} Twice.", *TEXTS[10:]]
        after = {*load(str(written(tmp_path, name, edited)), "harmful").prompts}
        assert [one.text for one in before - after] == [TEXTS[9]]
        assert [one.text for one in after - before] == [f"{TEXTS[9]} Twice."]
        assert len({one.id for one in before | after}) == len(TEXTS) + 1

    @EVERY
    def test_repeated_rows_are_counted(self, tmp_path: Path, name: str) -> None:
        found = read(written(tmp_path, name, [*TEXTS, TEXTS[3], f" {TEXTS[3]}"]), "harmful")
        assert (len(found.prompts), found.duplicates) == (len(TEXTS), 2)

    @EVERY
    def test_no_rows(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(InputRejectedError, match="holds no prompts"):
            rows(written(tmp_path, name, []))

    @EVERY
    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("x" * (10 << 20), r"a prompt of more than 100,000|field limit"),
            ("Open\0it", "a NUL character"),
            ("\ud800 open it", "half a character|not UTF-8"),
        ],
        ids=["large", "NUL", "surrogate"],
    )
    def test_what_no_model_can_be_asked(
        self, tmp_path: Path, name: str, text: str, problem: str
    ) -> None:
        if name == "a.parquet" and text.startswith("\ud800"):
            return  # such a file cannot be written; see the test of Parquet's own bytes
        path = written(tmp_path, name, ["one", text, "three"])
        with pytest.raises(InputRejectedError, match=problem) as caught:
            read(path, "harmful")
        assert caught.value.exit_code == 3
        assert len(str(caught.value)) < len(str(path)) + 300
        assert str(caught.value).isprintable()
        assert ("row 2" in str(caught.value)) or ("line" in str(caught.value))

    @EVERY
    def test_a_wrong_column(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(InputRejectedError, match=r"no column 'wish'; it has .*--column"):
            read(written(tmp_path, name, TEXTS), "harmful", "wish")

    @EVERY
    def test_too_many_rows(
        self, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = written(tmp_path, name, TEXTS)
        monkeypatch.setattr(rowsof, "MAX_ROWS", 30)
        assert len(rows(path)) == 30
        monkeypatch.setattr(rowsof, "MAX_ROWS", 29)
        with pytest.raises(InputRejectedError, match="more than 29 rows"):
            rows(path)

    @EVERY
    def test_too_many_bytes(
        self, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = written(tmp_path, name, [f"{text * 40} {i}" for i, text in enumerate(TEXTS)])
        monkeypatch.setattr(rowsof, "MAX_BYTES", 1 << 10)
        with pytest.raises(InputRejectedError, match="larger than 0 MiB"):
            rows(path)

    @EVERY
    def test_a_file_that_is_cut_short(self, tmp_path: Path, name: str) -> None:
        """Plain text may lose the end of its last row unseen; no other format does."""
        path = written(tmp_path, name, TEXTS)
        path.write_bytes(path.read_bytes()[:-20])
        if name == "a.txt":
            assert len(rows(path)) == len(TEXTS)
            return
        with pytest.raises(InputRejectedError, match=re.escape(str(path))):
            rows(path)

    @EVERY
    def test_damaged_bytes_never_do_more_than_be_refused(self, tmp_path: Path, name: str) -> None:
        path = written(tmp_path, name, TEXTS)
        whole, seeded = path.read_bytes(), random.Random(0)
        for _ in range(60):
            damaged = bytearray(whole)
            for _ in range(3):
                damaged[seeded.randrange(len(damaged))] = seeded.randrange(256)
            path.write_bytes(damaged)
            with suppress(InputRejectedError):
                read(path, "harmful")


class TestJson:
    @pytest.mark.parametrize("name", JSON)
    def test_a_list_of_one_text_is_that_text(self, tmp_path: Path, name: str) -> None:
        values = [{"turns": ["one"]}, {"turns": ["one", "two"]}, {"turns": []}, {"turns": [["a"]]}]
        text = json.dumps(values) if name == "array.json" else "\n".join(map(json.dumps, values))
        _packed(tmp_path / name, text)
        assert [row["turns"] for row in rows(tmp_path / name)] == ["one", "", "", ""]

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ('["one", "two"', "row 2 is not JSON .*neither a comma"),
            ('["one" "two"]', "row 1 is not JSON .*neither a comma"),
            ('["one", 2]', "row 2 is neither an object nor a string"),
            ('["one", {"prompt": }]', "row 2 is not JSON"),
            ('["one"] and more', "what follows the array is not JSON"),
            ("[" * 200_000, "row 1 is not JSON"),
            ("[]", "holds no prompts"),
            ('{"prompt": "one",\n"x": 1}', "line 1 is not JSON"),
        ],
    )
    def test_arrays_that_are_none(self, tmp_path: Path, text: str, said: str) -> None:
        (tmp_path / "a.json").write_text(text)
        with pytest.raises(InputRejectedError, match=said) as caught:
            rows(tmp_path / "a.json")
        assert "\n" not in str(caught.value)

    def test_an_array_of_strings_with_a_mark_and_space(self, tmp_path: Path) -> None:
        (tmp_path / "a.json").write_text('\ufeff\r\n [ "one" ,\r\n "two" ] \r\n')
        assert [row["prompt"] for row in rows(tmp_path / "a.json")] == ["one", "two"]


class TestParquet:
    @pytest.mark.parametrize(
        "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), "str")]
    )
    def test_every_kind_of_text(self, tmp_path: Path, kind: Any) -> None:
        plain = pa.array(["one", None, "two", "one"], pa.string())
        is_dictionary = pa.types.is_dictionary(kind)
        texts = plain.dictionary_encode() if is_dictionary else plain.cast(kind)
        table = pa.table({"goal": texts, "n": [1, 2, 3, 4], "turns": [["a"], [], None, ["b"]]})
        pq.write_table(table, tmp_path / "a.parquet")
        found = rows(tmp_path / "a.parquet")
        assert [row["goal"] for row in found] == ["one", "", "two", "one"]
        assert [row["n"] for row in found] == ["1", "2", "3", "4"]
        assert [row["turns"] for row in found] == ["a", "", "", "b"]
        kinds = [found[1]["goal"], found[1]["turns"], found[2]["turns"]]
        assert [one.kind for one in kinds if isinstance(one, NotText)] == [
            "null", "a list of 0", "null"
        ]  # fmt: skip

    def test_bytes_that_are_not_text(self, tmp_path: Path) -> None:
        bad = pa.array([b"one", b"\xed\xa0\x80"]).view(pa.string())
        pq.write_table(pa.table({"goal": bad}), tmp_path / "a.parquet")
        with pytest.raises(InputRejectedError, match="cannot be read as Parquet"):
            rows(tmp_path / "a.parquet")

    def test_a_long_text_that_is_often_used_is_held_once(self, tmp_path: Path) -> None:
        """A small file would otherwise fill the memory: here, 10 MB ten thousand times."""
        texts = pa.DictionaryArray.from_arrays(pa.array([0] * 10_000), ["x" * (10 << 20)])
        pq.write_table(pa.table({"goal": texts}), tmp_path / "a.parquet")
        assert (tmp_path / "a.parquet").stat().st_size < 1 << 20
        found = rows(tmp_path / "a.parquet")
        assert len(found) == 10_000
        assert len({id(row["goal"]) for row in found}) == 1

    def test_what_unpacks_to_too_much(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pq.write_table(pa.table({"n": list(range(1000))}), tmp_path / "a.parquet")
        size = (tmp_path / "a.parquet").stat().st_size
        monkeypatch.setattr(rowsof, "MAX_BYTES", size)
        assert len(rows(tmp_path / "a.parquet")) == 1000
        texts = pa.array(["x" * 100 + f"{i:05}" for i in range(5000)])
        pq.write_table(pa.table({"goal": texts}), tmp_path / "a.parquet", compression="zstd")
        monkeypatch.setattr(rowsof, "MAX_BYTES", (tmp_path / "a.parquet").stat().st_size)
        with pytest.raises(InputRejectedError, match="is larger than"):
            rows(tmp_path / "a.parquet")

    def test_without_pyarrow_the_remedy_is_the_command(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = written(tmp_path, "a.parquet", TEXTS)
        real = builtins.__import__

        def without(name: str, *args: Any, **named: Any) -> Any:
            if name.startswith("pyarrow"):
                raise ImportError(name)
            return real(name, *args, **named)

        monkeypatch.setattr(builtins, "__import__", without)
        with pytest.raises(ResourceError, match=r"pip install 'safebasin\[analysis\]'") as caught:
            rows(path)
        assert caught.value.exit_code == 5


def test_the_longest_prompt_there_may_be(tmp_path: Path) -> None:
    path = written(tmp_path, "a.parquet", ["x" * MAX_CHARACTERS])
    assert len(read(path, "harmful").prompts[0].text) == MAX_CHARACTERS
