"""A copy of a published file is known without its name, and its sides are not mixed up."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from prompts.sources.made import BENIGN, HARMFUL, PUBLISHED, write
from safebasin.errors import UsageError
from safebasin.prompts.catalog import PromptSet, counterpart, load
from safebasin.prompts.sources import recognising
from safebasin.prompts.sources.source import file_name, published


def copied(folder: Path, name: str, file: str = "") -> str:
    """A file of a set under a name of one's own."""
    first = write(folder, name)
    data = (folder / file if file else first).read_bytes()
    (folder / "own.csv.gz").write_bytes(gzip.compress(data))
    return str(folder / "own.csv.gz")


def texts(found: PromptSet) -> set[str]:
    return {prompt.text for prompt in found.prompts}


@pytest.mark.parametrize("name", ["xstest", "jailbreakbench", "strongreject", "harmbench"])
def test_by_the_columns(tmp_path: Path, name: str) -> None:
    path = copied(tmp_path, name)
    found = load(path, "harmful")
    assert texts(found) == {*HARMFUL}
    assert found.source == f"{name}=own.csv.gz"
    assert f"is read as {published()[name].title}, known by its columns" in found.notes[0]
    assert texts(load(path, "harmful", column=published()[name].sides[0].column)) == {*HARMFUL}


def test_the_sides_of_xstest_are_told_apart(tmp_path: Path) -> None:
    path = copied(tmp_path, "xstest")
    harmful, benign = load(path, "harmful"), load(path, "benign")
    assert texts(benign) == {*BENIGN}
    assert {prompt.kind for prompt in benign.prompts} == {"bait"}
    assert harmful.notes == benign.notes
    assert harmful.notes[0].endswith("known by its columns: 3 unsafe, 4 safe")
    assert counterpart(path) == f"xstest={path}"


def test_rows_of_harmbench_that_are_not_asked_are_counted(tmp_path: Path) -> None:
    path = copied(tmp_path, "harmbench")
    told = "HarmBench, standard behaviours: 2 contextual and 1 copyright rows of the file are not"
    for name in (path, f"harmbench={path}"):
        assert load(name, "harmful").notes[-1] == f"{told} asked"
    with pytest.raises(UsageError, match="harmbench has no benign prompts"):
        load(path, "benign")


@pytest.mark.parametrize("name", PUBLISHED)
def test_by_the_checksum(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file that is published in one piece; pinned here as the files of the tests are."""
    source, folder = published()[name], tmp_path / "published"
    write(folder, name)
    sums = {
        path: hashlib.sha256((folder / file_name(path)).read_bytes()).hexdigest()
        for path in source.files
    }
    known = {name: replace(source, files=sums)}
    monkeypatch.setattr(recognising, "published", lambda: known)
    side = source.sides[0]
    place = folder / file_name(side.files[0])
    own = tmp_path / f"own{''.join(place.suffixes)}"
    own.write_bytes(place.read_bytes())
    if source.header or source.name == "malicious-instruct":
        return  # without a header line there is nothing to read them by
    found = recognising.recognise(own, side.kind)
    assert found is not None
    assert found.source.name == name
    assert "known by its checksum" in found.note


def test_the_file_of_the_other_side_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "jailbreakbench")
    with pytest.raises(UsageError, match=r"holds the benign side of .*: pass it as --benign"):
        load(str(tmp_path / "benign-behaviors.csv"), "harmful")
    with pytest.raises(UsageError, match=r"holds the harmful side of .*: pass it as --prompts"):
        load(str(tmp_path / "harmful-behaviors.csv"), "benign")


class TestTablesOfNoSet:
    def test_a_label_tells_safe_from_unsafe(self, tmp_path: Path) -> None:
        path = tmp_path / "own.csv"
        path.write_text("prompt,label\na,safe\nb,Unsafe\nc,safe\n")
        harmful, benign = load(str(path), "harmful"), load(str(path), "benign")
        assert (texts(harmful), texts(benign)) == ({"b"}, {"a", "c"})
        told = "own.csv: its column 'label' says 2 safe, 1 unsafe; asked are the"
        assert (harmful.notes, benign.notes) == ((f"{told} unsafe ones",), (f"{told} safe ones",))

    @pytest.mark.parametrize("labels", [("safe", "safe"), ("0", "1"), ("safe", "unclear")])
    def test_other_labels_are_topics(self, tmp_path: Path, labels: tuple[str, str]) -> None:
        path = tmp_path / "own.csv"
        path.write_text(f"prompt,label\na,{labels[0]}\nb,{labels[1]}\n")
        found = load(str(path), "harmful")
        assert texts(found) == {"a", "b"}
        assert found.notes == ()

    def test_what_is_not_asked_is_said(self, tmp_path: Path) -> None:
        path = tmp_path / "own.csv"
        path.write_text("Prompt,goal,Context\na,b,c\nd,e,\n")
        found = load(str(path), "harmful")
        assert texts(found) == {"b", "e"}
        assert found.notes == (
            "own.csv: 'goal' is asked, not Prompt; --column asks another",
            "own.csv: 1 row has a 'Context' beside the request; it is not asked",
        )
        assert texts(load(str(path), "harmful", column="Prompt")) == {"a", "d"}
