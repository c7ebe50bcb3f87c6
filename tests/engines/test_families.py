"""Every family answers what `generate` says to each prompt alone, whatever is asked beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from builders import tiny_model

from engines.families import SIZES, SOME, Found, tried
from engines.lengths import prompts, said
from safebasin.engines import generated, plain, strategy
from safebasin.engines.rules import Row, Rules
from safebasin.errors import InputRejectedError

ALWAYS = ("gpt2", "mamba", "bamba", "minimax", "gpt_oss", "phi3 (long rope)")
"""One for each way and each kind of memory; the others are slow tests."""

ALONE = ("minimax", "recurrent_gemma", "rwkv")
"""Whose answers would depend on their neighbours."""

REFUSED = ("xlstm",)
"""That `generate` does not answer with in this size either."""


def holds(found: Found) -> None:
    assert not found.refused
    assert found.equal == dict.fromkeys(("together", "alone", "guessed"), len(SOME))
    assert found.losses < 1e-3


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    "family",
    [
        family if family in ALWAYS else pytest.param(family, marks=pytest.mark.slow)
        for family in SIZES
    ],
)
def test_a_family(family: str, tmp_path: Path) -> None:
    found = tried(family, tmp_path / "model")
    if family in REFUSED:
        assert f"`generate` of transformers does not answer with '{family}'" in found.refused
        return
    holds(found)
    if family in ALONE:
        assert found.way == "alone"
        assert any("one prompt at a time" in note for note in found.notes)
    if "rope" in family:
        assert any("32 tokens" in note for note in found.notes)
    if family in ("gpt2", "gpt_oss"):
        assert found.way == "rows"
        assert not found.notes


def changed(change: Any) -> Any:
    """A network whose logits go through a function before anybody sees them."""
    model = tiny_model("llama")

    def hook(_: Any, __: Any, output: Any) -> Any:
        output.logits = change(output.logits)
        return output

    model.register_forward_hook(hook)
    return model


class TestChoose:
    def test_the_fast_way_needs_no_words(self) -> None:
        found = strategy.choose(tiny_model("llama"), 4)
        assert found.slots is not None
        assert found.pieces
        assert found.most is None
        assert not found.notes

    def test_neighbours_that_show_are_kept_apart(self) -> None:
        found = strategy.choose(
            changed(lambda logits: logits + len(logits) * torch.arange(logits.shape[-1])), 4
        )
        assert found.slots is None
        assert found.decode is generated.alone
        assert not found.pieces
        assert len(found.notes) == 2

    def test_what_does_not_answer_is_refused_by_name(self) -> None:
        def fail(_: Any) -> Any:
            raise ValueError("no such thing")

        with pytest.raises(InputRejectedError, match=r"'llama'.*no such thing"):
            strategy.choose(changed(fail), 4)

    def test_where_logits_are_no_numbers_nothing_is_said_of_the_family(self) -> None:
        found = strategy.choose(changed(lambda logits: logits * float("nan")), 4)
        assert found.decode is plain.decode
        assert "not numbers" in found.notes[0]

    def test_memory_that_runs_out_says_nothing_of_a_network(self) -> None:
        def fill(_: Any) -> Any:
            raise torch.OutOfMemoryError("CUDA out of memory")

        with pytest.raises(torch.OutOfMemoryError):
            strategy.choose(changed(fill), 4)


class TestGenerated:
    """`generate` with our rules, against the plain way."""

    RULES = Rules(end_ids=frozenset({1, 9, 50, 77}), max_new_tokens=9)

    @pytest.mark.parametrize("decode", [generated.decode, generated.alone])
    def test_it_says_what_the_plain_way_says(self, decode: Any) -> None:
        model, some = tiny_model("llama"), prompts(5, 1, 17, 9)
        expected = said(plain.decode(model, some, self.RULES))
        assert said(decode(model, some, self.RULES)) == expected

    @pytest.mark.parametrize("decode", [generated.decode, generated.alone])
    def test_rules_are_kept(self, decode: Any) -> None:
        """Logits that are adjusted, rows by their numbers, and responses that are decided."""
        asked: list[int] = []

        def choose(logits_NV: Any, rows: Any, steps: Any) -> Any:
            asked.extend(rows)
            chosen = torch.tensor([10 * row + step for row, step in zip(rows, steps, strict=True)])
            return chosen, torch.tensor([row != 2 for row in rows])

        rules = Rules(
            end_ids=frozenset({12}),
            max_new_tokens=8,
            choose=choose,
            settled=lambda ids: ids[0] == 1,
        )
        rows = decode(tiny_model("llama"), prompts(3, 4, 5, 2), rules)
        assert rows == [
            Row([1, 2, 3, 4], "decided"),
            Row([11], "eos"),
            Row([], "numeric_failure"),
            Row([31, 32, 33, 34, 35, 36, 37, 38], "length"),
        ]
        assert set(asked) == {0, 1, 2, 3}

    def test_what_the_checkpoint_asks_of_answers_is_not_asked_twice(self) -> None:
        model, some = tiny_model("llama"), prompts(5, 9)
        expected = said(generated.decode(model, some, self.RULES))
        model.generation_config.repetition_penalty = 50.0
        model.generation_config.suppress_tokens = list(range(2, 290))
        assert said(generated.decode(model, some, self.RULES)) == expected
        assert model.generation_config.repetition_penalty == 50.0
