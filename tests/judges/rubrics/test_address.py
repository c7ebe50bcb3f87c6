"""Texts and key go to the endpoint that was meant, encrypted or not far; keys show nowhere."""

from __future__ import annotations

import pytest

from safebasin.errors import UsageError
from safebasin.judges.rubrics.address import Key, check_address, key_for, redact

KEY = Key("SAFEBASIN_API_KEY", "canary/7f+3a9=Q")

pytestmark = pytest.mark.usefixtures("bare")


def test_questions_go_below_the_base() -> None:
    for url in ("http://localhost:8000/v1", "http://localhost:8000/v1/"):
        assert check_address(url) == ("http://localhost:8000/v1/chat/completions", "localhost")
    assert check_address("https://API.openai.com./v1")[1] == "api.openai.com"
    assert check_address("http://[::1]:80")[0] == "http://[::1]:80/chat/completions"


def test_what_is_no_endpoint_or_may_hold_a_key_is_refused_unseen() -> None:
    for url in (
        *("http://", "http:///v1", "http://h:x/v1", "http://h:0/v1", "http://h:99999/v1", "h/v1"),
        *("http://[/v1", "ftp://h/v1", "", "http://a b/v1", "http://h\n/v1", "http://h/\ud800"),
        *("http://user:canary77@localhost/v1", "https://canary77@api.openai.com/v1"),
        *("https://api.openai.com/v1?api-key=canary77", "http://user:canary77@[::1/v1"),
        *("https://user:canary77@/v1", "//user:canary77@host", "https://user:canary77/x@host"),
    ):
        with pytest.raises(UsageError, match="an endpoint is of the form") as error:
            check_address(url)
        assert "canary77" not in str(error.value)


def test_http_is_for_near_hosts_alone() -> None:
    for near in (
        *("localhost", "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "192.168.0.9"),
        *("172.16.0.1", "[::1]", "[fd00::1]", "[::ffff:10.0.0.1]"),
        *("vllm", "gpu-12", "box.local", "a.b.internal", "x.localhost"),
    ):
        check_address(f"http://{near}/v1")
    for far in (
        *("8.8.8.8", "172.32.0.1", "134744072", "0x8080808"),
        *("[2001:4860:4860::8888]", "[::ffff:8.8.8.8]"),
        *("api.openai.com", "localhost.example.com", "my-internal.com", "10.1.2.3.example.com"),
    ):
        with pytest.raises(UsageError, match="clear text: use https, or an ssh tunnel"):
            check_address(f"http://{far}/v1")
        check_address(f"https://{far}/v1")


def test_our_variable_is_for_every_endpoint_and_openai_s_for_openai(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert key_for("api.openai.com") is None
    monkeypatch.setenv("OPENAI_API_KEY", "theirs")
    assert key_for("localhost") is key_for("api.openai.com.example.org") is None
    assert key_for("api.openai.com") == Key("OPENAI_API_KEY", "theirs")
    monkeypatch.setenv("SAFEBASIN_API_KEY", " ours\n")
    for host in ("localhost", "api.openai.com"):
        assert key_for(host) == Key("SAFEBASIN_API_KEY", "ours")


def test_keys_are_taken_out_and_ordinary_words_stay() -> None:
    assert KEY.value not in f"{KEY} {KEY!r} {[KEY]}"
    for text in (
        f"bad key {KEY.value}.",
        f"bad key {KEY.value}{KEY.value}",
        "https://host/?key=canary%2F7f%2B3a9%3DQ",
        "Incorrect API key provided: sk-proj-abc***7f3a9Q. You can",
        '{"authorization": "Bearer 7f3a9Q"}',
        "http://user:7f3a9Q@host/v1 or //user:7f3a9Q@host",
    ):
        assert "7f" not in redact(text, KEY)
        assert "[key removed]" in redact(text, KEY)
    text = "a risk-averse answer of 5 lines; ask-me at a@b.c, http://host/v1"
    assert redact(text, None) == redact(text, Key("SAFEBASIN_API_KEY", "5")) == text
