"""One request is bounded in time and size, whatever the endpoint sends."""

from __future__ import annotations

import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler

import pytest

from judges.rubrics.asking import HASTY, asking, only
from judges.rubrics.server import Asked, Handled, after, completed, in_turn, saying, serving
from safebasin.errors import UsageError

pytestmark = pytest.mark.usefixtures("bare")


def test_an_endpoint_that_stalls_is_not_waited_for_without_end() -> None:
    with serving(after(2, saying(5))) as server:
        verdict = only(asking(server, replace(HASTY, timeout=0.1, retries=1)))
    assert verdict.detail == "no answer from the endpoint in 2 attempts: no answer within 0.1 s"


def test_an_answer_that_trickles_is_cut_by_the_clock() -> None:
    def trickle(asked: Asked, http: BaseHTTPRequestHandler) -> None:
        http.send_response(200)
        http.send_header("Content-Length", "1000")
        http.end_headers()
        for _ in range(20):
            try:
                http.wfile.write(b" ")
            except OSError:
                return
            time.sleep(0.05)

    with serving(trickle) as server:
        began = time.monotonic()
        verdict = only(asking(server, replace(HASTY, timeout=0.2, retries=0)))
        assert time.monotonic() - began < 0.8
    assert "no answer within 0.2 s" in verdict.detail


def test_a_body_of_ten_megabytes_is_not_read_to_its_end() -> None:
    padding = b" " * 10_000_000

    def much(asked: Asked, http: BaseHTTPRequestHandler) -> Handled:
        status, headers, body = completed(f"VERDICT-{asked.nonce}: 5")
        return status, headers, padding + body

    with serving(much) as server:
        assert only(asking(server)).detail == "the endpoint's answer is longer than 1048576 bytes"
    with serving(lambda *_: (400, {}, padding)) as server, pytest.raises(UsageError):
        only(asking(server))


def test_a_connection_that_breaks_off_is_tried_again() -> None:
    def break_off(asked: Asked, http: BaseHTTPRequestHandler) -> None:
        http.send_response(200)
        http.send_header("Content-Length", "1000")
        http.end_headers()
        http.wfile.write(b'{"choices": [')
        http.close_connection = True

    with serving(in_turn(break_off, saying(5))) as server:
        assert only(asking(server)).score == 5
    with serving(break_off) as server:
        assert "RemoteProtocolError" in only(asking(server)).detail
