"""A cache that pretends to be empty is found out; needs no vLLM."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from safebasin.engines.vllm.canary import Canary
from safebasin.errors import ReproducibilityError


class Scheduler:
    """Remembers whole blocks of the one prompt that it is asked."""

    def __init__(self, block: int = 16, most: int = 512, *, honest: bool = True) -> None:
        self.llm_engine = SimpleNamespace(
            vllm_config=SimpleNamespace(
                cache_config=SimpleNamespace(block_size=block),
                model_config=SimpleNamespace(max_model_len=most, get_vocab_size=lambda: 10),
            )
        )
        self.block, self.honest, self.known = block, honest, 0

    def generate(self, prompts: list[Any], *_: Any, **__: Any) -> list[Any]:
        length = len(prompts[0]["prompt_token_ids"])
        cached, self.known = self.known, (length - 1) // self.block * self.block
        return [SimpleNamespace(num_cached_tokens=cached)]

    def reset_prefix_cache(self) -> bool:
        if self.honest:
            self.known = 0
        return True


@pytest.fixture(autouse=True)
def _no_vllm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", SimpleNamespace(SamplingParams=lambda **_: None))


def test_a_cache_that_was_dropped_is_fine() -> None:
    canary = Canary(Scheduler())
    for _ in range(3):
        with canary.across():
            pass


def test_a_cache_that_was_kept_is_not() -> None:
    with (
        pytest.raises(ReproducibilityError, match="16 tokens") as caught,
        Canary(Scheduler(honest=False)).across(),
    ):
        pass
    assert caught.value.exit_code == 8


def test_a_refusal_to_forget_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = Scheduler()
    monkeypatch.setattr(scheduler, "reset_prefix_cache", lambda: False)
    with pytest.raises(ReproducibilityError, match="does not reset"):
        Canary(scheduler).forget()


def test_it_fits_into_a_short_context() -> None:
    with Canary(Scheduler(block=128, most=64)).across():
        pass
