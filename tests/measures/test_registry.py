"""Measures as a user asks for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from measures.tasks_on_disk import CHOICE, write
from safebasin.errors import UsageError
from safebasin.measures.base import About
from safebasin.measures.registry import parse, split


def test_a_task_with_or_without_its_metric() -> None:
    for text, expected in (
        ("mmlu", ("mmlu", None)),
        ("mmlu:acc", ("mmlu", "acc")),
        ("gsm8k:exact_match,flexible-extract", ("gsm8k", "exact_match,flexible-extract")),
        ("a/b.yaml", ("a/b.yaml", None)),
        ("a/b.yaml:acc_norm", ("a/b.yaml", "acc_norm")),
        ("a:b/c.yml", ("a:b/c.yml", None)),
        (" a:b/c.yml:acc ", ("a:b/c.yml", "acc")),
    ):
        assert split(text) == expected
    for text in ("", " ", ":acc", "mmlu:"):
        with pytest.raises(UsageError, match="not of the form"):
            split(text)


def test_measures_come_in_order_and_are_described_without_themselves(tmp_path: Path) -> None:
    pytest.importorskip("lm_eval")
    (tmp_path / "text.txt").write_text("some words")
    task = write(tmp_path, CHOICE)
    found = parse(
        perplexity=[tmp_path / "text.txt"], tasks=[str(task), f"{task}:acc_norm"], limit=3
    )
    assert [one.about.title for one in found] == [
        "perplexity of text.txt",
        "organism_choice: acc",
        "organism_choice: acc_norm",
    ]
    assert [one.about.unit for one in found] == ["perplexity", "share", "share"]
    assert [one.about.scale for one in found] == ["log", "share", "share"]
    assert all(About(**one.about.to_json()) == one.about for one in found)


def test_the_same_measure_twice(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("some words")
    with pytest.raises(UsageError, match=r"'perplexity of b\.txt' is asked for twice"):
        parse(perplexity=[tmp_path / "a.txt", tmp_path / "b.txt"])
    assert parse() == ()
