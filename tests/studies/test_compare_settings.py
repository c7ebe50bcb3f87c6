"""A comparison names what differs in how its models talk."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from builders import CHAT_TEMPLATE, EOS, TURN, edit_json, tiny_tokenizer
from scans import copied, moved, settings

from safebasin import seals
from safebasin.studies import landscape
from safebasin.studies.compare import compare
from safebasin.studies.result import Scan
from safebasin.studies.run import run


def scanned(model: Path, out: Path) -> Scan:
    found = run(landscape.plan(settings(model, out)))
    assert isinstance(found, Scan)
    return found


def facts(*folders: Path, out: Path) -> list[dict[str, str]]:
    return [each.facts for each in compare(*folders, out=out).summary.runs]


@pytest.fixture(scope="module")
def other(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Scan:
    """Of a model that talks otherwise in everything."""
    home = tmp_path_factory.mktemp("talks")
    model = moved(home / "model", tiny, by=0.0)
    template = CHAT_TEMPLATE.replace("assistant", "model").replace(EOS, TURN)
    tiny_tokenizer(eos=TURN, chat_template=template).save_pretrained(model)
    edit_json(model / "generation_config.json", lambda c: c.update(repetition_penalty=1.5))
    return scanned(model, home / "run")


def test_each_item_with_both_values(finished: Scan, other: Scan, tmp_path: Path) -> None:
    one, two = facts(finished.folder, other.folder, out=tmp_path / "out")
    assert one["end tokens"] == "</s> (1)"
    assert two["end tokens"] == "</s> (1), <|turn|> (3)"
    assert (one["generation settings"], two["generation settings"]) == (
        "{}",
        '{"repetition_penalty": 1.5}',
    )
    assert one["chat template"] != two["chat template"]
    assert "</s>" in one["chat template"]
    assert "<|turn|>" in two["chat template"]
    assert all(len(each["chat template"]) < 80 for each in (one, two))
    assert not {"settings", "tokens", "thoughts"} & one.keys()


def test_nothing_differs(finished: Scan, tmp_path: Path) -> None:
    again = copied(finished.folder, tmp_path / "again")
    assert facts(finished.folder, again, out=tmp_path / "out") == [{}, {}]


def test_of_an_older_run_it_says_that_something_does(
    finished: Scan, other: Scan, tmp_path: Path
) -> None:
    old = copied(finished.folder, tmp_path / "old")
    with closing(sqlite3.connect(old / "results.sqlite")) as connection, connection:
        connection.execute("delete from fact where name = 'talk'")
        seals.seal(connection)
    one, two = facts(old, other.folder, out=tmp_path / "out")
    for each in (one, two):
        assert each["settings"].startswith("differ (")
        assert each["chat template"].startswith("differs (")
        assert "end tokens" not in each
