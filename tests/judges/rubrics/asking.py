"""A judge that asks a server of ours, and does not wait for long."""

from __future__ import annotations

from judges.rubrics.exchanges import exchange
from judges.rubrics.server import Server
from safebasin.judges.base import Exchange
from safebasin.judges.rubrics.endpoint import EndpointJudge, Manner, Patience
from safebasin.judges.rubrics.published import RUBRICS
from safebasin.records import Verdict

HARM = RUBRICS["rubric-harmfulness"]
HASTY = Patience(timeout=5, pause=0.01, retries=2)


def asking(server: Server, patience: Patience = HASTY, **options: Manner) -> EndpointJudge:
    return EndpointJudge(HARM, server.url, "judge-model", patience=patience, **options)


def only(judge: EndpointJudge, given: Exchange | None = None) -> Verdict:
    (verdict,) = judge.judge([given or exchange()])
    return verdict
