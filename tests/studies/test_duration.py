"""What a plan says of its time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scans import RESPONSES, SMALL, into, settings

from safebasin.studies import duration
from safebasin.studies.landscape import plan

PLACING, READING, WRITING = 0.5, 0.25, 2.0


@pytest.fixture
def fixed(monkeypatch) -> None:
    monkeypatch.setattr(duration, "_placing", lambda *_: PLACING)
    monkeypatch.setattr(duration, "_speed", lambda *_: (READING, WRITING))


@pytest.mark.parametrize(("judges", "again"), [(("keyword",), 0), (("coherence", "keyword"), 1)])
def test_is_its_points_prompts_and_tokens(tiny, tmp_path, fixed, judges, again) -> None:
    planned = plan(settings(tiny, tmp_path / "run", judges=judges))
    read = sum(len(one.token_ids) for one in planned.subject.encoded)
    written = SMALL["max_new_tokens"] * len(planned.subject.encoded)
    scored = again * READING * (read + written)
    each = PLACING + READING * read + WRITING * written + scored
    assert duration.seconds_at_most(planned) == pytest.approx(len(planned.work.points) * each)


def test_what_is_done_takes_no_more(finished, planned, tmp_path, fixed) -> None:
    assert duration.seconds_at_most(planned) == 0
    assert planned.cost["done"] == RESPONSES
    assert duration.seconds_at_most(into(planned, tmp_path / "new")) > 0


def test_is_measured(planned, tmp_path) -> None:
    found = duration.seconds_at_most(into(planned, tmp_path / "new"))
    assert found is not None
    assert 0 < found < 60


def test_is_not_guessed_for_others(planned) -> None:
    subject = replace(planned.subject, settings=replace(planned.settings, workers=2))
    assert duration.seconds_at_most(replace(planned, subject=subject)) is None
