from __future__ import annotations

import json
import random
from dataclasses import replace
from http.server import BaseHTTPRequestHandler

import pytest

from judges.rubrics.asking import HARM, HASTY, asking, only
from judges.rubrics.exchanges import exchange, exchanges
from judges.rubrics.server import Asked, Handled, after, completed, saying, serving
from safebasin.errors import UsageError
from safebasin.judges.cost import Price
from safebasin.judges.rubrics.endpoint import EndpointJudge, Manner
from safebasin.judges.rubrics.published import RUBRICS
from safebasin.records import Label, Verdict

ANSWERED, STRONG = RUBRICS["rubric-answered"], RUBRICS["rubric-strongreject"]

pytestmark = pytest.mark.usefixtures("bare")


def by_length(asked: Asked, http: BaseHTTPRequestHandler) -> Handled:
    """A judge whose verdict depends on what it judges and on nothing else."""
    return completed(f"VERDICT-{asked.nonce}: {len(asked.response) % 5 + 1}")


def test_what_is_sent() -> None:
    with serving(saying(5)) as server:
        verdict = only(asking(server), exchange("Take the key.", "Open it."))
    (asked,) = server.asked
    assert verdict == Verdict(Label.COMPLIED, 5.0, "harmfulness 5")
    assert asked.path == "/v1/chat/completions"
    assert asked.response == "Take the key."
    assert {name: value for name, value in asked.body.items() if name != "messages"} == {
        "model": "judge-model",
        "temperature": 0,
        "max_tokens": 512,
    }
    assert [message["role"] for message in asked.body["messages"]] == ["user"]
    assert "Authorization" not in asked.headers


def test_every_rubric_over_the_wire() -> None:
    with serving(saying(0, 5, 4)) as server:
        judge = EndpointJudge(STRONG, server.url, "m", patience=HASTY)
        assert only(judge).score == 7 / 8
    with serving(saying(-1)) as server:
        judge = EndpointJudge(ANSWERED, server.url, "m", patience=HASTY)
        assert only(judge).label == Label.REFUSED


def test_json_is_asked_for_with_a_schema_that_leaves_the_code_open() -> None:
    def obey(asked: Asked, http: BaseHTTPRequestHandler) -> Handled:
        schema = asked.body["response_format"]["json_schema"]["schema"]
        assert schema["properties"]["code"] == {"type": "string"}
        chosen = {
            name: kind["enum"][0] if "enum" in kind else asked.nonce
            for name, kind in schema["properties"].items()
        }
        assert [*chosen] == schema["required"] == ["reasons", "code", "harmfulness"]
        return completed(json.dumps(chosen))

    with serving(obey) as server:
        assert only(asking(server, manner=Manner(form="json"))).score == 1


def test_openai_itself_is_given_the_limit_by_its_new_name() -> None:
    question = EndpointJudge(HARM, "https://api.openai.com/v1", "m")._question("text")
    assert question["max_completion_tokens"] == 512
    assert "max_tokens" not in question


@pytest.mark.parametrize(
    ("said", "detail"),
    [
        ("I think it is harmful.", "no verdict with the code"),
        ("", "said nothing"),
        (None, "said nothing"),
        ("I'm sorry, but I can't assist with that.", "it seems to refuse: "),
        (["VERDICT"], "its text is no text"),
        ({"a": 1}, "its text is no text"),
    ],
)
def test_nonsense_is_no_verdict_and_is_not_asked_again(said: object, detail: str) -> None:
    with serving(lambda *_: completed(said)) as server:
        verdict = only(asking(server))
    assert verdict.status == "judge_failed"
    assert detail in verdict.detail
    assert len(server.asked) == 1


@pytest.mark.parametrize("body", [b"", b"{", b'{"choices": []}', b"\x00\xff", b"[]"])
def test_a_body_that_is_no_completion_is_no_verdict(body: bytes) -> None:
    with serving(lambda *_: (200, {}, body)) as server:
        verdict = only(asking(server))
    assert "is not a chat completion" in verdict.detail


def test_no_more_requests_at_once_than_allowed() -> None:
    with serving(after(0.02, by_length)) as server:
        asking(server, replace(HASTY, concurrency=3)).judge(exchanges(30))
    assert server.most_at_once == 3
    assert len(server.asked) == 30


def test_a_verdict_depends_on_the_exchange_alone() -> None:
    texts = ["a" * n for n in range(1, 12)] * 2 + ["", " "]
    given = [exchange(text) for text in texts]
    shuffled = list(range(len(given)))
    random.Random(0).shuffle(shuffled)
    with serving(by_length) as server:
        together = asking(server).judge(given)
        assert len(server.asked) == 11
        mixed = asking(server, replace(HASTY, concurrency=1)).judge([given[n] for n in shuffled])
        alone = [only(asking(server), one) for one in given[:11]]
    assert [together[n] for n in shuffled] == mixed
    assert together[:11] == together[11:22] == alone
    assert [verdict.label for verdict in together[22:]] == [Label.OTHER, Label.OTHER]
    assert len({verdict.score for verdict in alone}) == 5


@pytest.mark.parametrize("text", ["a\0b", "\ud800 lone", "\u202eesrever", "x" * 50_000, "𝔘 é\n"])
def test_any_text_can_be_sent(text: str) -> None:
    with serving(saying(5)) as server:
        assert only(asking(server), exchange(text, text)).score == 5
    asked = server.asked[0].response
    assert asked == text.replace("\0", "\ufffd").replace("\ud800", "\ufffd")


def test_the_key_covers_what_can_change_a_verdict_and_nothing_else() -> None:
    def key(url: str = "http://h/v1", model: str = "m", rubric: object = HARM, **o: object) -> str:
        return EndpointJudge(rubric, url, model, **o).key  # type: ignore[arg-type]

    assert key().startswith("rubric-harmfulness.")
    assert len(key()) == len("rubric-harmfulness.") + 8
    assert key() == key("https://elsewhere.example.com:99/v2", patience=HASTY)
    others = [
        key(model="n"),
        key(manner=Manner(max_tokens=100)),
        key(manner=Manner(form="json")),
        key(rubric=replace(HARM, policy="no jokes")),
        key(rubric=replace(HARM, task=HARM.task + " ")),
        key(rubric=STRONG),
    ]
    assert len({key(), *others}) == 7


def test_an_estimate_sends_nothing_and_is_not_exceeded() -> None:
    given = [exchange("a"), exchange("a"), exchange(""), exchange("b"), exchange("x" * 200_000)]
    with serving(saying(5)) as server:
        judge = asking(server, manner=Manner(max_tokens=100))
        found = judge.estimate(given, Price(1, 2))
        assert server.asked == []
        judge.judge(given)
    assert found.requests == len(server.asked) == 2
    characters = sum(len(asked.text) for asked in server.asked)
    assert characters / 4 <= found.prompt_tokens < characters / 4 + 2
    assert found.completion_tokens_at_most == 200
    assert found.money_at_most == (found.prompt_tokens + 400) / 1e6


@pytest.mark.parametrize("options", [{"max_tokens": 1}, {"max_tokens": 64.0}, {"form": "xml"}])
def test_a_manner_that_cannot_be_meant(options: dict[str, object]) -> None:
    (name,) = options
    with pytest.raises(UsageError, match=name):
        Manner(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize("model", ["", " ", "a\nb", "a\ud800"])
def test_a_model_needs_a_name(model: str) -> None:
    with pytest.raises(UsageError, match="model's name"):
        EndpointJudge(HARM, "http://h/v1", model)


def test_nothing_is_decided_early() -> None:
    judge = EndpointJudge(HARM, "http://h/v1", "m")
    assert not judge.decides_early
    assert not judge.settled("I'm sorry")
    assert judge.thresholds == {"score": 5.0}
