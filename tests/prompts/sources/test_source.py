from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest

from safebasin.prompts import catalog
from safebasin.prompts.sources.source import Source, published

WANTED = [
    "advbench",
    "beavertails-evaluation",
    "catqa",
    "crows-pairs",
    "do-not-answer",
    "harmbench",
    "harmbench-contextual",
    "hex-phi",
    "jailbreakbench",
    "malicious-instruct",
    "oktest",
    "sorry-bench",
    "strongreject",
    "toxigen",
    "wildjailbreak",
    "xstest",
]
SOURCES = pytest.mark.parametrize("source", published().values(), ids=lambda one: one.name)


def test_every_set_of_the_literature_is_there() -> None:
    assert list(published()) == WANTED
    assert not {*published()} & {*catalog.names()}


@SOURCES
def test_descriptions_are_whole(source: Source) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", source.name)
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", source.repository)
    assert re.fullmatch(r"[0-9a-f]{40}", source.revision)
    assert source.host in ("hub", "github")
    assert source.gate in ("none", "terms", "form")
    assert source.title
    assert source.licence
    assert source.defects
    kinds = [side.kind for side in source.sides]
    assert len({*kinds}) == len(kinds) > 0
    assert all(side.size > 0 for side in source.sides)
    assert {path for side in source.sides for path in side.files} == {*source.files}


@SOURCES
def test_checksums_are_whole_and_say_how_they_are_known(source: Source) -> None:
    known = [sha256 for sha256 in source.files.values() if sha256 is not None]
    assert all(re.fullmatch(r"[0-9a-f]{64}", sha256) for sha256 in known)
    assert len(known) in (0, len(source.files))
    assert source.checked in (("computed", "reported") if known else ("",))


@SOURCES
def test_nothing_but_tables_is_ever_asked_for(source: Source) -> None:
    for path in source.files:
        plain = PurePosixPath(path.removesuffix(".gz"))
        assert plain.suffix in (".csv", ".tsv", ".jsonl", ".json", ".txt", ".parquet")
        assert not plain.is_absolute()
        assert ".." not in plain.parts


@SOURCES
def test_what_stands_in_is_public_and_of_the_same_kind(source: Source) -> None:
    other = published()[source.stand_in]
    assert other.name != source.name
    assert other.gate == "none"
    assert other.side("harmful" if source.side("harmful") else "benign") is not None


@SOURCES
def test_harmful_prompts_have_a_harmless_side(source: Source) -> None:
    if source.side("harmful") is None:
        assert source.benign == ""
        return
    assert source.benign in (source.name, "everyday")
    assert (source.benign == source.name) == (source.side("benign") is not None)


def test_bait_is_benign_where_nothing_else_is() -> None:
    xstest = published()["xstest"]
    assert xstest.side("benign") is xstest.side("bait") is not None
    assert published()["advbench"].side("benign") is None
    assert published()["toxigen"].side("bait") is None


def test_pages() -> None:
    assert published()["advbench"].page == "https://github.com/llm-attacks/llm-attacks"
    assert published()["hex-phi"].page == (
        "https://huggingface.co/datasets/LLM-Tuning-Safety/HEx-PHI"
    )
