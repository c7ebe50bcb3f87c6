"""An endpoint that fails is asked again, so often and so long as was said, and no more."""

from __future__ import annotations

import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler

import pytest

from judges.rubrics.asking import HASTY, asking, only
from judges.rubrics.exchanges import exchanges
from judges.rubrics.server import Asked, Handled, complained, completed, in_turn, saying, serving
from safebasin.judges.rubrics.patience import Patience

pytestmark = pytest.mark.usefixtures("bare")


def test_a_passing_failure_is_tried_again() -> None:
    for status in (408, 409, 429, 500, 503):
        with serving(in_turn(lambda *_, s=status: complained(s), saying(5))) as server:
            assert only(asking(server)).score == 5
        assert len(server.asked) == 2


def test_a_failure_that_stays_is_tried_so_often_and_no_more() -> None:
    with serving(lambda *_: complained(500)) as server:
        verdict = only(asking(server))
    assert verdict.status == "judge_failed"
    assert verdict.label is None
    assert verdict.detail == "no answer from the endpoint in 3 attempts: HTTP status 500"
    assert len(server.asked) == 3


def test_retry_after_is_honoured() -> None:
    arrivals: list[float] = []

    def limited(asked: Asked, http: BaseHTTPRequestHandler) -> Handled:
        arrivals.append(time.monotonic())
        if len(arrivals) == 1:
            return complained(429, **{"Retry-After": "0.3"})
        return completed(f"VERDICT-{asked.nonce}: 5")

    with serving(limited) as server:
        assert only(asking(server, replace(HASTY, longest_pause=10))).score == 5
        assert 0.3 <= arrivals[1] - arrivals[0] < 3
        arrivals.clear()
        assert only(asking(server, HASTY)).score == 5
        assert arrivals[1] - arrivals[0] < 0.3


def test_attempts_and_pauses_together_have_a_limit() -> None:
    patience = Patience(timeout=5, first_pause=0.2, longest_pause=9, retries=9, overall=0.3)
    with serving(lambda *_: complained(500)) as server:
        assert "in 2 attempts" in only(asking(server, patience)).detail


def test_an_endpoint_that_is_down_fails_everything_soon() -> None:
    with serving(saying(5)) as server:
        judge = asking(server)
    verdicts = judge.judge(exchanges(10_000))
    assert {verdict.status for verdict in verdicts} == {"judge_failed"}
    first, last = verdicts[0].detail, verdicts[-1].detail
    assert "no answer from the endpoint in 3 attempts: ConnectError" in first
    assert last == "not asked: the endpoint answered none of the questions before"
    assert server.url not in first


def test_an_endpoint_that_comes_back_is_found_again() -> None:
    patience = replace(HASTY, retries=0, give_up_after=2, concurrency=1, rest=0.1)
    down: list[bool] = [True]

    def sometimes(asked: Asked, http: BaseHTTPRequestHandler) -> Handled:
        return complained(503) if down[0] else completed(f"VERDICT-{asked.nonce}: 5")

    with serving(sometimes) as server:
        judge = asking(server, patience)
        judge.judge(exchanges(5))
        assert len(server.asked) == 2
        down[0] = False
        assert only(judge).status == "judge_failed"
        time.sleep(0.11)
        assert [verdict.score for verdict in judge.judge(exchanges(5))] == [5.0] * 5
