"""The key reaches the endpoint that it is for, and nothing and nobody else."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest

from judges.rubrics.exchanges import exchange
from judges.rubrics.server import Asked, Handled, complained, completed, saying, serving
from safebasin.errors import ResourceError, SafebasinError, UsageError
from safebasin.judges.rubrics.endpoint import EndpointJudge, Patience
from safebasin.judges.rubrics.published import RUBRICS

KEY = "canary-5f1e77a0c3"
HASTY = Patience(timeout=5, pause=0.01, retries=1)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFEBASIN_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def asking(url: str) -> EndpointJudge:
    return EndpointJudge(RUBRICS["rubric-harmfulness"], url, "m", patience=HASTY)


def guarded(asked: Asked, http: BaseHTTPRequestHandler) -> Handled:
    if asked.headers.get("Authorization") != f"Bearer {KEY}":
        return complained(401, f"no: {asked.headers.get('Authorization')}")
    return completed(f"VERDICT-{asked.nonce}: 5")


def test_the_key_opens_the_endpoint_and_openai_s_is_for_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(guarded) as server:
        judge = asking(server.url)
        assert judge.judge([exchange()])[0].score == 5
        monkeypatch.delenv("SAFEBASIN_API_KEY")
        for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"):
            monkeypatch.setenv(name, KEY)
        with pytest.raises(ResourceError, match="there is none"):
            judge.judge([exchange()])
        assert KEY not in str(server.asked[1:])
        monkeypatch.setenv("SAFEBASIN_API_KEY", "wrong-key-99")
        with pytest.raises(ResourceError, match="that in SAFEBASIN_API_KEY is not accepted"):
            judge.judge([exchange()])


def echo(asked: Asked) -> str:
    return f"you sent {asked.headers['Authorization']} {asked.headers['Authorization'][7:]}"


ECHOES: list[Callable[[Asked, BaseHTTPRequestHandler], Handled | None]] = [
    lambda asked, _: complained(401, echo(asked)),
    lambda asked, _: complained(400, "x" * 90 + echo(asked) * 3, code=KEY),
    lambda asked, _: complained(400, f"context length {echo(asked)}"),
    lambda asked, _: (404, {}, echo(asked).encode()),
    lambda asked, _: (500, {}, echo(asked).encode()),
    lambda asked, _: (307, {"Location": f"http://u:{KEY}@127.0.0.1:9/{KEY}?k={KEY}"}, b""),
    lambda asked, _: completed(f"VERDICT-{asked.nonce}: {KEY}"),
    lambda asked, _: completed(f"VERDICT-{asked.nonce}: {'x' * 25} {KEY}"),
    lambda asked, _: completed(f"{KEY}, I'm sorry, but I cannot help with {KEY}"),
    lambda asked, _: completed("", refusal=KEY),
    lambda asked, http: http.wfile.write(f"HTTP/1.1 {KEY}\r\n\r\n".encode()) and None,
]


def test_an_echoed_key_is_in_no_detail_error_or_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for behave in ECHOES:
        with serving(behave) as server:
            judge = asking(server.url)
            try:
                seen = str(judge.judge([exchange()]))
            except SafebasinError as error:
                seen = "".join(traceback.format_exception(error))
        assert server.asked[0].headers["Authorization"] == f"Bearer {KEY}"
        assert "judge_failed" in seen or "Error" in seen
        for text in (seen, caplog.text, judge.key, repr(judge), repr(vars(judge))):
            assert "5f1e77" not in text
        assert "5f1e77" not in repr(vars(judge._client))


def test_redirects_are_not_followed() -> None:
    with serving(saying(5)) as elsewhere:
        there = f"{elsewhere.url}/chat/completions"
        for status in (301, 302, 303, 307, 308):
            with (
                serving(lambda *_, s=status: (s, {"Location": there}, b"")) as server,
                pytest.raises(UsageError, match="it redirects to"),
            ):
                asking(server.url).judge([exchange()])
    assert elsewhere.asked == []


def test_plain_http_passes_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(saying(1)) as proxy, serving(saying(5)) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/v1"))
        assert asking(server.url).judge([exchange()])[0].score == 5
    assert proxy.asked == []


def test_a_key_that_cannot_be_sent_is_refused_unseen_before_anything_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(saying(5)) as server:
        for value in (f"{KEY}\r\nX-Injected: 1", f"{KEY} words", f"{KEY}-ключ"):
            monkeypatch.setenv("SAFEBASIN_API_KEY", value)
            with pytest.raises(UsageError, match="SAFEBASIN_API_KEY holds spaces") as error:
                asking(server.url).judge([exchange()])
            assert "5f1e77" not in str(error.value)
    assert server.asked == []
