from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from builders import FAMILIES, tiny_model

from engines.lengths import answers_alone, common_ends, generate, prompts, said, windowed
from safebasin.engines import plain as module
from safebasin.engines.plain import CROWDED, pad_left
from safebasin.engines.rules import CHECK_EVERY, Row, Rules

EOS = frozenset({1})
SOME = prompts(5, 1, 17, 9, 30, 2)


def decode(model: Any, some: Sequence[Sequence[int]], **rules: Any) -> list[Row]:
    return module.decode(model, some, Rules(**rules))


@pytest.mark.parametrize("family", FAMILIES)
def test_it_says_what_generate_says(family: str) -> None:
    model = tiny_model(family)
    ends = common_ends(model, SOME, 12)
    expected = answers_alone(model, SOME, ends, 12)
    assert said(decode(model, SOME, end_ids=ends, max_new_tokens=12)) == expected
    finishes = [finish for _, finish in expected]
    assert "eos" in finishes, "the prompts must end at different times for this to test anything"
    assert len({len(ids) for ids, _ in expected}) > 1


@pytest.mark.parametrize("family", ["mistral", "gemma2"])
def test_a_sliding_window_shorter_than_the_prompts(family: str) -> None:
    model = windowed(family)
    ends = common_ends(model, SOME, 12)
    expected = answers_alone(model, SOME, ends, 12)
    assert said(decode(model, SOME, end_ids=ends, max_new_tokens=12)) == expected


@pytest.mark.parametrize("crowded", [0.0, 0.5, CROWDED, 1.0])
def test_when_rows_leave_does_not_show(
    model: Any, crowded: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a batch so large that a finished row waits for others before it leaves."""
    monkeypatch.setattr(module, "CROWDED", crowded)
    many = prompts(*range(1, 21), seed=5)
    ends = common_ends(model, many, 10)
    found = said(decode(model, many, end_ids=ends, max_new_tokens=10))
    assert found == answers_alone(model, many, ends, 10)
    assert {finish for _, finish in found} == {"eos", "length"}


def test_one_prompt(model: Any) -> None:
    for prompt in SOME:
        (row,) = decode(model, [prompt], end_ids=EOS, max_new_tokens=8)
        assert (tuple(row.token_ids), row.finish) == generate(model, prompt, EOS, 8)


def test_one_token(model: Any) -> None:
    rows = decode(model, SOME, end_ids=EOS, max_new_tokens=1)
    assert said(rows) == answers_alone(model, SOME, EOS, 1)
    assert all(len(row.token_ids) == 1 for row in rows)
    ends = frozenset({rows[0].token_ids[0]})
    (first, *_) = decode(model, SOME, end_ids=ends, max_new_tokens=1)
    assert (first.token_ids, first.finish) == ([], "eos")


def test_the_first_token_ends_it(model: Any) -> None:
    firsts = [row.token_ids[0] for row in decode(model, SOME, end_ids=EOS, max_new_tokens=1)]
    rows = decode(model, SOME, end_ids=frozenset(firsts), max_new_tokens=10)
    assert said(rows) == [((), "eos")] * len(SOME)


@pytest.mark.parametrize("place", range(len(SOME)))
def test_rows_that_leave_early_do_not_show(model: Any, place: int) -> None:
    """Whatever a row's end does, the others say what they say without it."""
    free = said(decode(model, SOME, end_ids=EOS, max_new_tokens=12))
    ends = EOS | {free[place][0][place % 3]}
    rows = said(decode(model, SOME, end_ids=ends, max_new_tokens=12))
    assert rows[place][1] == "eos"
    for (ids, before), (found, finish) in zip(free, rows, strict=True):
        cut = next((at for at, token in enumerate(ids) if token in ends), None)
        assert found == ids[:cut]
        assert finish == (before if cut is None else "eos")


def test_the_same_batch_twice(model: Any) -> None:
    runs = [said(decode(model, SOME, end_ids=EOS, max_new_tokens=12)) for _ in range(2)]
    assert runs[0] == runs[1]


class TestSettled:
    def test_it_is_asked_now_and_then_and_ends_a_row(self, model: Any) -> None:
        asked: list[int] = []

        def settled(ids: Sequence[int]) -> bool:
            asked.append(len(ids))
            return len(ids) >= 6

        rows = decode(model, SOME, end_ids=EOS, max_new_tokens=20, settled=settled)
        assert {row.finish for row in rows} == {"decided"}
        assert {len(row.token_ids) for row in rows} == {2 * CHECK_EVERY}
        assert set(asked) == {CHECK_EVERY, 2 * CHECK_EVERY}

    def test_what_is_left_is_a_prefix_and_the_others_go_on(self, model: Any) -> None:
        full = said(decode(model, SOME, end_ids=EOS, max_new_tokens=20))
        marks = {ids[2] for ids, _ in full[::2]}
        rows = said(
            decode(
                model,
                SOME,
                end_ids=EOS,
                max_new_tokens=20,
                settled=lambda ids: bool({*ids} & marks),
            )
        )
        assert {finish for _, finish in rows} == {"decided", "length"}
        for (ids, finish), (whole, whole_finish) in zip(rows, full, strict=True):
            assert ids == whole[: len(ids)]
            if finish == "decided":
                first = next(at for at, token in enumerate(ids) if token in marks)
                assert len(ids) - first <= CHECK_EVERY
            else:
                assert (ids, finish) == (whole, whole_finish)

    def test_never(self, model: Any) -> None:
        plain = decode(model, SOME, end_ids=EOS, max_new_tokens=9)
        asked = decode(model, SOME, end_ids=EOS, max_new_tokens=9, settled=lambda _: False)
        assert said(asked) == said(plain)

    def test_an_ended_row_is_not_asked(self, model: Any) -> None:
        firsts = [row.token_ids[0] for row in decode(model, SOME, end_ids=EOS, max_new_tokens=1)]

        def settled(_: Sequence[int]) -> bool:
            raise AssertionError("asked about a row that has ended")

        decode(model, SOME, end_ids=frozenset(firsts), max_new_tokens=9, settled=settled)


class Broken:
    """A model whose logits stop being numbers for one row from some step on."""

    def __init__(self, model: Any, *, row: int, step: int, value: float) -> None:
        self.model, self.row, self.step, self.value = model, row, step, value
        self.device, self.steps = model.device, 0

    def __call__(self, **inputs: Any) -> Any:
        output = self.model(**inputs)
        self.steps += 1
        if self.steps == self.step:
            output.logits[self.row, -1, 4] = self.value
        return output


class TestNumericFailure:
    @pytest.mark.parametrize("value", [float("nan"), float("inf")])
    @pytest.mark.parametrize("step", [1, 3, 8])
    def test_one_row(self, model: Any, step: int, value: float) -> None:
        expected = said(decode(model, SOME, end_ids=EOS, max_new_tokens=8))
        broken = Broken(model, row=2, step=step, value=value)
        rows = said(decode(broken, SOME, end_ids=EOS, max_new_tokens=8))
        assert rows[2] == ((), "numeric_failure")
        assert rows[:2] + rows[3:] == expected[:2] + expected[3:]

    def test_a_token_that_is_ruled_out_is_no_failure(self, model: Any) -> None:
        expected = said(decode(model, SOME, end_ids=EOS, max_new_tokens=8))
        broken = Broken(model, row=2, step=3, value=float("-inf"))
        assert said(decode(broken, SOME, end_ids=EOS, max_new_tokens=8)) == expected

    def test_all_rows(self) -> None:
        model = tiny_model("llama")
        model.lm_head.weight.data[7] = float("nan")
        rows = decode(model, SOME, end_ids=EOS, max_new_tokens=8)
        assert said(rows) == [((), "numeric_failure")] * len(SOME)

    def test_a_weight_that_overflows(self) -> None:
        """A token whose embedding is infinite spoils the rows that contain it, and only these."""
        model = tiny_model("llama")
        expected = said(decode(model, SOME, end_ids=EOS, max_new_tokens=8))
        token = SOME[2][4]
        model.get_input_embeddings().weight.data[token] = float("inf")
        rows = said(decode(model, SOME, end_ids=EOS, max_new_tokens=8))
        for prompt, row, before in zip(SOME, rows, expected, strict=True):
            spoiled = token in prompt or token in before[0][:-1]
            assert row == (((), "numeric_failure") if spoiled else before)
        assert rows[2][1] == "numeric_failure"
        assert any(finish == "length" for _, finish in rows)

    def test_large_but_finite_logits_are_numbers(self) -> None:
        """Their sum overflows in the precision of the model, but not where it is taken."""
        model = tiny_model("llama")
        model.lm_head.weight.data *= 1e37
        rows = decode(model, SOME, end_ids=EOS, max_new_tokens=2)
        assert {row.finish for row in rows} == {"length"}


class TestPadLeft:
    def test_it_aligns_at_the_right(self) -> None:
        token_ids, mask = pad_left([(5, 6, 7), (8,)], torch.device("cpu"))
        assert token_ids.tolist() == [[5, 6, 7], [0, 0, 8]]
        assert mask.tolist() == [[1, 1, 1], [0, 0, 1]]

    def test_what_is_under_the_mask_does_not_matter(self, model: Any) -> None:
        token_ids, mask = pad_left(SOME, torch.device("cpu"))
        positions = (mask.cumsum(1) - 1).clamp(min=0)
        other_ids = torch.where(mask == 1, token_ids, 99)
        with torch.inference_mode():
            logits = [
                model(input_ids=ids, attention_mask=mask, position_ids=positions).logits[:, -1]
                for ids in (token_ids, other_ids)
            ]
        assert torch.equal(*logits)
