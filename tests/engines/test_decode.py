"""The fast way must say what the plain one says: whatever the family, the width or the guess."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from builders import FAMILIES, tiny_model

from engines.counting import Counting
from engines.lengths import answers_alone, common_ends, prompts, said, windowed
from safebasin.engines import decode as module
from safebasin.engines import plain
from safebasin.engines.decode import decode
from safebasin.engines.reading import slots_for
from safebasin.engines.rules import CHECK_EVERY, Rules
from safebasin.engines.sampling import Sampler, Sampling

EOS = frozenset({1})
SOME = prompts(5, 1, 17, 9, 30, 2)
MANY = prompts(*range(1, 21), seed=5)


def fast(
    model: Any, some: Sequence, *, rows: int = 4, drafts: Sequence | None = None, **rules: Any
) -> list[tuple[tuple[int, ...], str | None]]:
    slots = slots_for(model, rows)
    assert slots is not None
    return said(decode(model, some, Rules(**rules), drafts=drafts, slots=slots))


def plainly(model: Any, some: Sequence, **rules: Any) -> list:
    return said(plain.decode(model, some, Rules(**rules)))


@pytest.mark.parametrize("family", FAMILIES)
def test_it_says_what_generate_says(family: str) -> None:
    model = tiny_model(family)
    ends = common_ends(model, SOME, 12)
    expected = answers_alone(model, SOME, ends, 12)
    for rows in (len(SOME), 2):
        assert fast(model, SOME, rows=rows, end_ids=ends, max_new_tokens=12) == expected
    assert "eos" in {finish for _, finish in expected}


@pytest.mark.parametrize("family", ["mistral", "gemma2"])
def test_a_sliding_window_shorter_than_the_prompts(family: str) -> None:
    model = windowed(family)
    ends = common_ends(model, SOME, 12)
    expected = answers_alone(model, SOME, ends, 12)
    for drafts in (None, [ids for ids, _ in expected]):
        found = fast(model, SOME, end_ids=ends, max_new_tokens=12, drafts=drafts)
        assert found == expected


@pytest.mark.parametrize("rows", [1, 3, 20, 64])
def test_on_how_many_rows_does_not_show(model: Any, rows: int) -> None:
    ends = common_ends(model, MANY, 10)
    found = fast(model, MANY, rows=rows, end_ids=ends, max_new_tokens=10)
    assert found == plainly(model, MANY, end_ids=ends, max_new_tokens=10)
    assert {finish for _, finish in found} == {"eos", "length"}


class TestDrafts:
    @pytest.mark.parametrize("wrong", [0, 1, 6, 50])
    def test_right_or_wrong_they_do_not_show(self, model: Any, wrong: int) -> None:
        rules = {"end_ids": common_ends(model, MANY, 20), "max_new_tokens": 20}
        expected = plainly(model, MANY, **rules)
        drafts = [(*ids[:wrong], 7, *ids[wrong + 1 :], 9, 9) for ids, _ in expected]
        assert fast(model, MANY, rows=7, drafts=drafts, **rules) == expected

    def test_a_guess_at_an_end_is_never_part_of_a_response(self, model: Any) -> None:
        rules = {"end_ids": EOS, "max_new_tokens": 9}
        assert fast(model, SOME, drafts=[(1, 1, 1)] * len(SOME), **rules) == plainly(
            model, SOME, **rules
        )

    def test_right_ones_save_most_steps_and_wrong_ones_cost_few(self, model: Any) -> None:
        rules = {"end_ids": EOS, "max_new_tokens": 40}
        expected = plainly(model, SOME, **rules)
        calls = {}
        for name, drafts in (
            ("none", None),
            ("right", [ids for ids, _ in expected]),
            ("wrong", [tuple(token + 1 for token in ids) for ids, _ in expected]),
        ):
            counting = Counting(model)
            assert fast(counting, SOME, rows=8, drafts=drafts, **rules) == expected
            calls[name] = counting.calls
        assert calls["right"] < calls["none"] / 3
        assert calls["wrong"] <= calls["none"] + 1

    def test_a_response_that_goes_in_circles_is_guessed_from_itself(self) -> None:
        """Weights of nothing say the same token for ever; none of it is drafted."""
        model = tiny_model("llama")
        model.lm_head.weight.data.zero_()
        model.lm_head.weight.data[5] = 1e-3
        counting = Counting(model)
        found = fast(counting, SOME[:2], rows=2, end_ids=EOS, max_new_tokens=120)
        assert found == plainly(model, SOME[:2], end_ids=EOS, max_new_tokens=120)
        if {finish for _, finish in found} == {"length"}:
            assert counting.calls < 60

    def test_drawn_tokens_are_checked_as_well(self, model: Any) -> None:
        names = tuple(map(str, range(len(MANY))))
        sampler = Sampler(Sampling(1.5, 3), names)
        rules = {"end_ids": EOS, "max_new_tokens": 15, "choose": sampler}
        expected = plainly(model, MANY, **rules)
        drafts = [ids[:9] for ids, _ in expected]
        assert fast(model, MANY, rows=6, drafts=drafts, **rules) == expected


class TestSettled:
    def test_where_a_response_is_cut_does_not_depend_on_drafts(self, model: Any) -> None:
        full = plainly(model, MANY, end_ids=EOS, max_new_tokens=20)
        marks = {ids[2] for ids, _ in full[::2]}
        rules = {"end_ids": EOS, "max_new_tokens": 20, "settled": lambda ids: bool({*ids} & marks)}
        expected = plainly(model, MANY, **rules)
        assert {finish for _, finish in expected} == {"decided", "length"}
        for drafts in (None, [ids for ids, _ in full]):
            assert fast(model, MANY, rows=8, drafts=drafts, **rules) == expected
        assert all(len(ids) % CHECK_EVERY == 0 for ids, finish in expected if finish == "decided")


class TestWhatIsRead:
    def test_what_all_prompts_begin_with_is_read_once(self, model: Any) -> None:
        system = prompts(100, seed=9)[0]
        together = [system + prompt for prompt in SOME]
        counting = Counting(model)
        rules = {"end_ids": EOS, "max_new_tokens": 1}
        slots = slots_for(model, len(SOME))
        assert slots is not None
        found = said(decode(counting, together, Rules(**rules), slots=slots))
        assert found == plainly(model, together, **rules)
        assert counting.tokens < 2 * len(system) + sum(map(len, SOME)) + len(SOME) * 30

    def test_slots_are_used_again(self, model: Any) -> None:
        slots = slots_for(model, 4)
        assert slots is not None
        rules = Rules(end_ids=EOS, max_new_tokens=12)
        first = said(decode(model, MANY, rules, slots=slots))
        held = [layer.held[0].data_ptr() for layer in slots.layers]
        assert said(decode(model, MANY[::-1], rules, slots=slots)) == first[::-1]
        assert [layer.held[0].data_ptr() for layer in slots.layers] == held

    def test_logits_are_bounded(self, model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        rules = {"end_ids": EOS, "max_new_tokens": 30}
        expected = plainly(model, SOME, **rules)
        vocabulary = model.config.vocab_size
        monkeypatch.setitem(module.LOGITS_BYTES, "cpu", 4 * len(SOME) * vocabulary * 3)
        counting = Counting(model)
        drafts = [ids for ids, _ in expected]
        assert fast(counting, SOME, rows=8, drafts=drafts, **rules) == expected
        assert counting.calls > 10, "at most two tokens of each row at a time"


class TestNumericFailure:
    def test_all_rows(self) -> None:
        model = tiny_model("llama")
        slots = slots_for(model, 3)
        assert slots is not None
        model.lm_head.weight.data[7] = float("nan")
        rows = decode(model, SOME, Rules(end_ids=EOS, max_new_tokens=8), slots=slots)
        assert said(rows) == [((), "numeric_failure")] * len(SOME)

    def test_a_weight_that_overflows_spoils_only_rows_that_say_it(self) -> None:
        """In prompts, in responses, and as a wrong guess; also for the next one in its place."""
        model = tiny_model("llama")
        rules = {"end_ids": EOS, "max_new_tokens": 8}
        sound = plainly(model, MANY, **rules)
        token = MANY[12][4]
        slots = slots_for(model, 3)
        assert slots is not None
        model.get_input_embeddings().weight.data[token] = float("inf")
        expected = plainly(model, MANY, **rules)
        for drafts in (None, [ids for ids, _ in sound], [(token,) * 3] * len(MANY)):
            found = said(decode(model, MANY, Rules(**rules), drafts=drafts, slots=slots))
            assert found == expected
        finishes = [finish for _, finish in expected]
        assert 0 < finishes.count("numeric_failure") < len(MANY)
