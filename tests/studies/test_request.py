"""A request names everything that decides the content of a run, and nothing that was not asked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from scans import SMALL, settings

from safebasin.errors import UsageError
from safebasin.runfolder import request_digest
from safebasin.studies.landscape import plan
from safebasin.studies.plan import Plan
from safebasin.studies.request import request

KEYS = {
    "study": None,
    "model": {
        "name", "weights_digest", "settings_digest", "chat_template_digest", "dtype", "device"
    },
    "rays": {"directions", "points", "radius", "seed", "noise", "norm", "skip"},
    "prompts": {"harmful", "benign"},
    "system": None,
    "decoding": {"method", "max_new_tokens", "batch_size", "full_text", "drafts"},
    "judges": None,
    "engine": {"name", "transformers", "torch"},
}  # fmt: skip
"""Of a plain scan. A new key makes every older run another run: see that it is only there when it
is asked for."""


def test_the_keys_of_a_plain_scan(planned: Plan) -> None:
    found = planned.request
    assert set(found) == set(KEYS)
    for name, inside in KEYS.items():
        if inside is not None:
            assert set(found[name]) == inside
    for side in ("harmful", "benign"):
        assert set(found["prompts"][side]) == {"source", "n", "duplicates", "digest"}


def test_it_is_json(planned: Plan) -> None:
    again = json.loads(json.dumps(planned.request))
    assert request_digest(again) == request_digest(planned.request)


def test_measures_are_in_it_only_when_asked_for(tiny: Path, planned: Plan, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("A window in a small house.")
    measured = plan(settings(tiny, perplexity=text))
    assert set(measured.request) - set(planned.request) == {"measures"}
    (about,) = measured.request["measures"]
    assert about["unit"] == "perplexity"
    rest = {name: value for name, value in measured.request.items() if name != "measures"}
    assert request_digest(rest) == request_digest(planned.request)


def test_what_only_says_where_to_write_is_not_in_it(tiny: Path, planned: Plan, tmp_path) -> None:
    assert plan(settings(tiny, tmp_path / "other")).request == planned.request
    assert str(tmp_path) not in json.dumps(planned.request)


def test_every_argument_that_decides_is_in_it(tiny: Path, planned: Plan) -> None:
    changes = {
        "directions": 3, "points": 7, "radius": 0.25, "seed": 1, "noise": "rademacher",
        "norm": "row", "skip": "none", "limit": 2, "system": "plain", "jailbreak": "story",
        "judges": ("keyword",), "batch_size": 3, "max_new_tokens": 7, "full_text": True,
        "prompts": "organism-harmful-code", "benign": "everyday", "dtype": "bfloat16",
    }  # fmt: skip
    digests = {request_digest(plan(settings(tiny, **{n: v})).request) for n, v in changes.items()}
    assert len(digests | {request_digest(planned.request)}) == len(changes) + 1
    assert set(SMALL) <= set(changes)


def test_another_engine_is_named_with_its_version(
    planned: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("safebasin.studies.request.versions", lambda name: {name: "0.32.0"})
    subject = planned.subject
    other = replace(subject, settings=replace(subject.settings, engine="vllm"))
    found = request("scan", {}, other)["engine"]
    assert found == {**planned.request["engine"], "name": "vllm", "vllm": "0.32.0"}


@pytest.mark.parametrize("name", ["perplexity", "temperature"])
def test_what_the_engine_cannot_do_is_refused_before_anything_runs(
    tiny: Path, tmp_path: Path, name: str
) -> None:
    text = tmp_path / "text.txt"
    text.write_text("A window in a small house.")
    asked = {"perplexity": text, "temperature": 1.0}[name]
    with pytest.raises(UsageError, match="--engine transformers"):
        plan(settings(tiny, tmp_path / "out", engine="vllm", **{name: asked}))
    assert not (tmp_path / "out").exists()
