"""Questions are bounded in time, size and number, whatever the endpoint does."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from dataclasses import replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler

import pytest

from judges.rubrics.asking import HASTY, asking, only
from judges.rubrics.exchanges import exchange, exchanges
from judges.rubrics.server import (
    Asked,
    Behave,
    Handled,
    after,
    complained,
    completed,
    in_turn,
    saying,
    serving,
)
from safebasin.errors import ResourceError, UsageError
from safebasin.judges.rubrics import client

pytestmark = pytest.mark.usefixtures("bare")


def sending(body: bytes, pieces: int = 1) -> Behave:
    """An answer that is announced as longer than it is, in pieces of 50 ms."""

    def send(asked: Asked, http: BaseHTTPRequestHandler) -> None:
        http.send_response(200)
        http.send_header("Content-Length", "1000")
        http.end_headers()
        for _ in range(pieces):
            try:
                http.wfile.write(body)
            except OSError:
                return
            time.sleep(0.05 * (pieces > 1))
        http.close_connection = True

    return send


def test_an_answer_that_stalls_or_trickles_is_cut_by_the_clock() -> None:
    for behave in (after(2, saying(5)), sending(b" ", pieces=40)):
        with serving(behave) as server:
            began = time.monotonic()
            verdict = only(asking(server, replace(HASTY, timeout=0.2, retries=1)))
            assert time.monotonic() - began < 1.5
        assert verdict.detail == "no answer from the endpoint in 2 attempts: no answer within 0.2 s"


def test_a_body_of_ten_megabytes_is_not_read_to_its_end() -> None:
    padding = b" " * 10_000_000

    def much(asked: Asked, http: BaseHTTPRequestHandler) -> Handled:
        status, headers, body = completed(f"VERDICT-{asked.nonce}: 5")
        return status, headers, padding + body

    with serving(much) as server:
        assert only(asking(server)).detail == "the endpoint's answer is longer than 1048576 bytes"
    with serving(lambda *_: (400, {}, padding)) as server, pytest.raises(UsageError):
        only(asking(server))


def test_a_passing_failure_is_tried_again_so_often_and_no_more() -> None:
    broken: list[Behave] = [sending(b'{"choices": [')]
    for status in (408, 409, 429, 500, 503):
        broken.append(lambda *_, s=status: complained(s))
    for behave in broken:
        with serving(in_turn(behave, saying(5))) as server:
            assert only(asking(server)).score == 5
            assert len(server.asked) == 2
    for behave, why in ((broken[0], "RemoteProtocolError"), (broken[-1], "HTTP status 503")):
        with serving(behave) as server:
            verdict = only(asking(server))
        assert (verdict.status, verdict.label) == ("judge_failed", None)
        assert f"no answer from the endpoint in 3 attempts: {why}" in verdict.detail
        assert len(server.asked) == 3


def test_retry_after_is_honoured_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    limited = in_turn(lambda *_: complained(429, **{"Retry-After": "0.4"}), saying(5))
    for most, least in ((10.0, 0.4), (0.02, 0.0)):
        monkeypatch.setattr(client, "PAUSE", most)
        with serving(limited) as server:
            began = time.monotonic()
            assert only(asking(server)).score == 5
            assert time.monotonic() - began >= least
    assert time.monotonic() - began < 0.4
    assert 50 < client.retry_after(formatdate(time.time() + 60, usegmt=True)) < 61
    for header, seconds in (("7", 7), ("soon", 0), ("", 0), (f"1 Jan 2020 {10**20}:0:0", 0)):
        assert client.retry_after(header) == seconds


def test_attempts_and_pauses_together_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "OVERALL", 0.3)
    with serving(lambda *_: complained(500)) as server:
        assert "in 2 attempts" in only(asking(server, replace(HASTY, pause=0.2, retries=9))).detail


def test_an_endpoint_that_is_down_fails_everything_soon_and_is_found_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(saying(5)) as server:
        pass
    verdicts = asking(server).judge(exchanges(1_000))
    assert {verdict.status for verdict in verdicts} == {"judge_failed"}
    assert "no answer from the endpoint in 3 attempts: ConnectError" in verdicts[0].detail
    assert server.url not in verdicts[0].detail
    assert verdicts[-1].detail == "not asked: the endpoint answered none of the questions before"
    monkeypatch.setattr(client, "REST", 0.2)
    down = [lambda *_: complained(503)] * 6
    with serving(in_turn(*down, saying(5))) as server:
        judge = asking(server, replace(HASTY, retries=0, concurrency=1))
        judge.judge(exchanges(20))
        for most in (5, 6):
            assert len(server.asked) == most
            time.sleep(0.21)
            judge.judge(exchanges(20))
        assert [verdict.score for verdict in judge.judge(exchanges(5))] == [5.0] * 5


def test_an_endpoint_that_is_not_what_was_meant_ends_it_at_once() -> None:
    for status in (400, 401, 403, 404, 405, 422):
        kind = ResourceError if status in (401, 403) else UsageError
        with serving(lambda *_, s=status: complained(s, "so\x1b[31m it is")) as server:
            with pytest.raises(kind) as error:
                asking(server, replace(HASTY, concurrency=1)).judge(exchanges(50))
            assert len(server.asked) == 1
        remedy = "SAFEBASIN_API_KEY" if kind is ResourceError else "model 'judge-model'"
        for part in (server.url, str(status), "so\\x1b[31m it is", remedy):
            assert part in str(error.value)


def test_a_refusal_of_one_exchange_is_not_the_end() -> None:
    for refusal in (
        complained(413),
        complained(400, "This model's maximum context length is 4096 tokens."),
        complained(400, "no", "context_length_exceeded"),
        complained(400, "filtered", "content_filter"),
    ):

        def one(asked: Asked, http: BaseHTTPRequestHandler, refusal: Handled = refusal) -> Handled:
            return refusal if asked.response == "bad" else completed(f"VERDICT-{asked.nonce}: 5")

        with serving(one) as server:
            verdicts = asking(server).judge([exchange("good"), exchange("bad"), exchange("fair")])
        assert [verdict.status for verdict in verdicts] == ["ok", "judge_failed", "ok"]
        assert len(server.asked) == 3


def test_no_more_requests_at_once_than_allowed() -> None:
    with serving(after(0.02, saying(5))) as server:
        asking(server, replace(HASTY, concurrency=3)).judge(exchanges(30))
    assert (server.most_at_once, len(server.asked)) == (3, 30)


def test_an_interrupt_ends_it_soon_and_leaves_no_thread() -> None:
    main, threads = threading.main_thread(), threading.active_count()

    def interrupt(asked: Asked, http: BaseHTTPRequestHandler) -> None:
        signal.pthread_kill(main.ident or 0, signal.SIGINT)
        time.sleep(2)

    with serving(interrupt) as server:
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            asking(server, replace(HASTY, concurrency=1)).judge(exchanges(5))
        assert time.monotonic() - began < 1.5
        assert not [t for t in threading.enumerate() if "portal" in t.name]
    assert threading.active_count() <= threads + 1  # the server's handler still sleeps


def test_it_works_where_a_loop_is_running_already() -> None:
    async def notebook() -> float | None:
        return only(asking(server)).score

    with serving(saying(5)) as server:
        assert asyncio.run(notebook()) == 5
