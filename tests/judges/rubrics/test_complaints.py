"""What an endpoint's refusal ends: one exchange, or all that follow."""

from __future__ import annotations

from dataclasses import replace
from http.server import BaseHTTPRequestHandler

import pytest

from judges.rubrics.asking import HASTY, asking
from judges.rubrics.exchanges import exchange, exchanges
from judges.rubrics.server import Asked, Handled, complained, completed, in_turn, saying, serving
from safebasin.errors import ResourceError, UsageError
from safebasin.records import Verdict

pytestmark = pytest.mark.usefixtures("bare")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 422])
def test_an_endpoint_that_is_not_what_was_meant_ends_it_at_once(status: int) -> None:
    kind = ResourceError if status in (401, 403) else UsageError
    with serving(lambda *_: complained(status, "so\x1b[31m it is")) as server:
        with pytest.raises(kind) as error:
            asking(server, replace(HASTY, concurrency=1)).judge(exchanges(50))
        text = str(error.value)
    assert len(server.asked) == 1
    assert server.url in text
    assert str(status) in text
    assert "so\\x1b[31m it is" in text
    remedies = {401: "set SAFEBASIN_API_KEY", 403: "set SAFEBASIN_API_KEY", 404: "mostly in /v1"}
    assert remedies.get(status, "check that model 'judge-model'") in text


@pytest.mark.parametrize(
    "answer",
    [
        complained(413),
        complained(400, "This model's maximum context length is 4096 tokens."),
        complained(400, "no", "context_length_exceeded"),
        complained(400, "filtered", "content_filter"),
    ],
)
def test_a_refusal_of_one_exchange_is_not_the_end(answer: Handled) -> None:
    def one(asked: Asked, http: BaseHTTPRequestHandler) -> Handled:
        return answer if asked.response == "bad" else completed(f"VERDICT-{asked.nonce}: 5")

    with serving(one) as server:
        verdicts = asking(server).judge([exchange("good"), exchange("bad"), exchange("fair")])
    assert [verdict.status for verdict in verdicts] == ["ok", "judge_failed", "ok"]
    assert len(server.asked) == 3


def test_what_has_arrived_before_the_end_is_not_lost() -> None:
    told: dict[int, Verdict] = {}
    refused = in_turn(saying(5), saying(5), lambda *_: complained(401))
    with serving(refused) as server, pytest.raises(ResourceError):
        asking(server, replace(HASTY, concurrency=1)).judge(exchanges(5), told.__setitem__)
    assert {place: verdict.score for place, verdict in told.items()} == {0: 5.0, 1: 5.0}
