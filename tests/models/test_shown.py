from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from safebasin.models.shown import shown


@given(st.text())
def test_it_is_always_printable_and_short(text: str) -> None:
    assert shown(text).isprintable()
    assert len(shown(text, 20)) <= 20 * len(r"\U0010ffff") + 2


def test_plain_text_is_only_quoted() -> None:
    assert shown("model.safetensors") == "'model.safetensors'"


def test_long_text_is_cut_and_says_so() -> None:
    assert shown("x" * 300, 10) == "'xxxxxxxxx…'"


def test_a_long_path_keeps_its_end() -> None:
    long = Path("/models") / ("x" * 300) / "model.safetensors"
    assert shown(long).endswith("x/model.safetensors'")
    assert shown(long).startswith("'/models/xxx")
    assert len(shown(long)) == 162
