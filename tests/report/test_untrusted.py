from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safebasin.report.untrusted import for_terminal, one_line, visible

from .payloads import EACH

ANY = st.text(st.characters(codec=None))


@given(ANY)
def test_nothing_with_an_effect_is_left(text):
    kept = set(visible(text)) - set("\n\t\u200c\u200d")
    assert not [c for c in kept if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]
    visible(text).encode()


@given(ANY)
def test_making_visible_twice_changes_nothing(text):
    assert visible(visible(text)) == visible(text)


def test_plain_text_stays_as_it_is():
    text = "Grüße, 世界.\n\tTwo lines 👩\u200d🔬"
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("a\x1b[1m", "a␛[1m"),
        ("a\x00\x7f\x9b", "a␀␡⟨U+009B⟩"),
        ("a\r\nb\rc", "a\nb␍c"),
        ("\ud800", "⟨U+D800⟩"),
    ],
)
def test_visible(text, shown):
    assert visible(text) == shown


def test_terminal_sequences_are_dropped_whole():
    text = "\x1b]0;title\x07\x1b[31mred\x1b[0m \x1b]8;;https://x\x1b\\link\x1b]8;;\x1b\\ \x9b1mbold"
    assert for_terminal(text) == "red link bold"


@pytest.mark.parametrize("text", EACH)
def test_one_line_is_short_and_one_line(text):
    assert len(one_line(text)) <= 120
    assert len(for_terminal(text).splitlines()) <= 1
    assert "\x1b" not in for_terminal(text)
