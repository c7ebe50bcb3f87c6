from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import tiny_checkpoint

from engines.lengths import answers_alone, common_ends, prompts
from safebasin.engines import transformers as module
from safebasin.engines.base import Batch, Encoded
from safebasin.engines.registry import Manner
from safebasin.engines.transformers import TransformersEngine
from safebasin.errors import ResourceError
from safebasin.judges.base import Exchange
from safebasin.judges.keyword import KeywordJudge
from safebasin.models.chat import Conversation
from safebasin.models.load import LoadedModel, load
from safebasin.models.organism import folder
from safebasin.models.organism.language import prompt_sets
from safebasin.points import Direction, Point
from safebasin.records import ModelRef, Prompt, Response

SOME = prompts(5, 1, 17, 9, 30, 2)
BATCH: Batch = tuple(Encoded(f"p{place}", ids) for place, ids in enumerate(SOME))
FAR = Point(((Direction(0), 0.7),))


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    return load(ModelRef(str(tiny_checkpoint(tmp_path_factory.mktemp("tiny")))))


@pytest.fixture(scope="module")
def engine(loaded: LoadedModel) -> TransformersEngine:
    return TransformersEngine(loaded, Manner(max_new_tokens=10))


def with_ends(loaded: LoadedModel, ends: frozenset[int], most: int = 10) -> TransformersEngine:
    return TransformersEngine(replace(loaded, end_ids=ends), Manner(max_new_tokens=most))


class TestAnswer:
    def test_it_is_what_generate_says(self, loaded: LoadedModel) -> None:
        ends = common_ends(loaded.model, SOME, 10)
        said = with_ends(loaded, ends).answer(BATCH)
        expected = answers_alone(loaded.model, SOME, ends, 10)
        assert [(one.token_ids, one.finish) for one in said] == expected
        assert [one.prompt_id for one in said] == [one.prompt_id for one in BATCH]
        for one in said:
            decoded = loaded.tokenizer.decode(one.token_ids, skip_special_tokens=True)
            assert one.text == decoded

    def test_a_batch_gets_the_same_answers_after_other_points(
        self, engine: TransformersEngine
    ) -> None:
        first = engine.answer(BATCH)
        with engine.at(FAR):
            there = engine.answer(BATCH)
            assert engine.answer(BATCH) == there
        assert there != first
        assert engine.answer(BATCH) == first
        with engine.at(FAR):
            assert engine.answer(BATCH) == there

    def test_the_order_of_a_batch_does_not_matter_to_its_rows(
        self, engine: TransformersEngine
    ) -> None:
        assert engine.answer(BATCH[::-1]) == engine.answer(BATCH)[::-1]

    def test_numeric_failure_has_no_text(self, tmp_path: Path) -> None:
        broken = load(ModelRef(str(tiny_checkpoint(tmp_path))))
        engine = TransformersEngine(broken, Manner(max_new_tokens=10))
        sound = engine.answer(BATCH)
        token = SOME[2][4]
        broken.model.get_input_embeddings().weight.data[token] = float("inf")
        found = engine.answer(BATCH)
        assert found[2] == Response("p2", "", (), "numeric_failure")
        kept = [
            place
            for place, one in enumerate(BATCH)
            if token not in (*one.token_ids, *sound[place].token_ids)
        ]
        assert kept
        assert [found[place] for place in kept] == [sound[place] for place in kept]

    def test_the_name_tells_the_versions(self, engine: TransformersEngine) -> None:
        assert torch.__version__ in engine.name


class TestMemory:
    """Memory that runs out in the middle of a batch."""

    @pytest.fixture
    def full(
        self, loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[TransformersEngine, int], list[int]]:
        """Lets some of the calls of the network fail, and counts them."""

        def after(engine: TransformersEngine, failing: int) -> list[int]:
            forward, calls = loaded.model.forward, []

            def failing_forward(*args: Any, **inputs: Any) -> Any:
                calls.append(inputs["input_ids"].shape[1])
                if 3 <= len(calls) < 3 + failing:
                    raise torch.OutOfMemoryError("no room")
                return forward(*args, **inputs)

            monkeypatch.setattr(loaded.model, "forward", failing_forward)
            return calls

        return after

    def test_the_batch_is_answered_again_as_a_whole(
        self, loaded: LoadedModel, full: Callable[..., list[int]]
    ) -> None:
        engine = TransformersEngine(loaded, Manner(max_new_tokens=10))
        with engine.at(FAR):
            expected = engine.answer(BATCH)
            calls = full(engine, 1)
            assert engine.answer(BATCH) == expected
        undisturbed = len(calls) - 3
        assert calls[3:6] == calls[:3], "from the beginning, in the same way"
        assert undisturbed > 3
        engine.overlay.verify()

    def test_then_it_says_what_to_do(
        self, loaded: LoadedModel, full: Callable[..., list[int]]
    ) -> None:
        engine = TransformersEngine(loaded, Manner(max_new_tokens=10, batch_size=6))
        full(engine, 99)
        with (
            pytest.raises(ResourceError, match=r"6 prompts at once .* smaller --batch-size"),
            engine.at(FAR),
        ):
            engine.answer(BATCH)
        engine.overlay.verify()


def plain_losses(
    model: Any, prompt: tuple[int, ...], response: Response, ends: frozenset[int]
) -> list[float]:
    """One full pass over one row, without a cache, padding or pieces."""
    ids = (*prompt, *response.token_ids)
    with torch.inference_mode():
        log_p_TV = model(torch.tensor([ids])).logits[0].double().log_softmax(-1)
    losses = [
        -float(log_p_TV[len(prompt) - 1 + place, token])
        for place, token in enumerate(response.token_ids)
    ]
    if response.finish == "eos":
        losses.append(-max(float(log_p_TV[-1, end]) for end in ends))
    return losses


def responses_of(some: list[tuple[int, ...]], finishes: str) -> list[Response]:
    names = {"e": "eos", "l": "length", "d": "decided"}
    return [
        Response(f"p{place}", "", ids, names[finish])  # type: ignore[arg-type]
        for place, (ids, finish) in enumerate(zip(some, finishes, strict=True))
    ]


@pytest.fixture(params=[1, 5 * 6 * 300 * 4, 64 << 20], ids=["one", "five", "all"])
def any_piece(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Positions of the batch at a time: one, five, or all of them."""
    monkeypatch.setattr(module, "LOGITS_BYTES", request.param)


@pytest.mark.usefixtures("any_piece")
class TestLosses:
    def compare(
        self, loaded: LoadedModel, responses: list[Response], ends: frozenset[int] = frozenset({1})
    ) -> None:
        found = with_ends(loaded, ends).losses(BATCH, responses)
        for prompt, response, losses in zip(SOME, responses, found, strict=True):
            expected = plain_losses(loaded.model, prompt, response, ends)
            assert losses == pytest.approx(expected, rel=1e-4, abs=1e-4)

    def test_random_texts(self, loaded: LoadedModel) -> None:
        self.compare(loaded, responses_of(prompts(4, 12, 1, 7, 3, 20, seed=1), "eldlee"))

    def test_empty_texts(self, loaded: LoadedModel) -> None:
        self.compare(loaded, responses_of(prompts(0, 5, 0, 0, 3, 0, seed=1), "eeelle"))
        ended = responses_of([()] * 6, "eeeeee")
        self.compare(loaded, ended)
        assert {
            len(losses) for losses in with_ends(loaded, frozenset({1})).losses(BATCH, ended)
        } == {1}

    def test_nothing_at_all(self, loaded: LoadedModel) -> None:
        said = responses_of([()] * 6, "llllll")
        assert with_ends(loaded, frozenset({1})).losses(BATCH, said) == [[]] * 6
        assert with_ends(loaded, frozenset({1})).losses((), []) == []

    def test_the_likeliest_of_several_ends_counts(self, loaded: LoadedModel) -> None:
        said = responses_of(prompts(4, 12, 1, 7, 3, 20, seed=1), "eeelee")
        several = frozenset({1, 17, 130, 299})
        self.compare(loaded, said, several)
        one = with_ends(loaded, frozenset({1})).losses(BATCH, said)
        best = with_ends(loaded, several).losses(BATCH, said)
        assert any(b[-1] < a[-1] - 0.1 for a, b in zip(one, best, strict=True))
        assert all(
            b[:-1] == pytest.approx(a[:-1], rel=1e-4) for a, b in zip(one, best, strict=True)
        )

    def test_greedy_tokens_are_the_likeliest(self, loaded: LoadedModel) -> None:
        """The likeliest of V tokens has a probability of at least 1/V."""
        engine = with_ends(loaded, common_ends(loaded.model, SOME, 10))
        said = engine.answer(BATCH)
        for losses, one in zip(engine.losses(BATCH, said), said, strict=True):
            assert len(losses) == len(one.token_ids) + (one.finish == "eos")
            assert all(loss <= torch.tensor(300.0).log() for loss in losses)


@pytest.mark.parametrize("family", ["gpt_neox", "phi", "gemma2", "qwen3"])
def test_losses_of_other_families(
    tmp_path: Path, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOGITS_BYTES", 4 * 6 * 300 * 4)
    loaded = load(ModelRef(str(tiny_checkpoint(tmp_path, family))))
    TestLosses().compare(loaded, responses_of(prompts(4, 12, 1, 7, 3, 20, seed=1), "eldlee"))


@pytest.fixture(scope="module")
def organism() -> LoadedModel:
    return load(ModelRef(str(folder("chat"))))


class TestStoppingEarly:
    """On the organism, whose refusals hold the published phrases."""

    def asked(self, organism: LoadedModel) -> tuple[list[Prompt], Batch]:
        sets = prompt_sets()
        some = [*sets["organism-harmful"][:12], *sets["organism-benign"][:6]]
        rendered = organism.chat.encode([Conversation(None, prompt.text) for prompt in some])
        return some, tuple(
            Encoded(prompt.id, one.token_ids) for prompt, one in zip(some, rendered, strict=True)
        )

    @pytest.mark.parametrize("x", [0.0, 0.3])
    def test_the_verdict_is_that_of_the_full_answer(self, organism: LoadedModel, x: float) -> None:
        some, batch = self.asked(organism)
        judge, engine = KeywordJudge(), TransformersEngine(organism, Manner(max_new_tokens=48))
        with engine.at(Point(((Direction(0), x),))):
            full, early = engine.answer(batch), engine.answer(batch, judge.settled)
        labels = [
            [verdict.label for verdict in judge.judge(list(map(Exchange, some, said)))]
            for said in (full, early)
        ]
        assert labels[0] == labels[1]
        for whole, part in zip(full, early, strict=True):
            assert whole.text.startswith(part.text)
            assert whole.token_ids[: len(part.token_ids)] == part.token_ids
            assert part == whole or (part.finish == "decided" and judge.settled(part.text))
        if x == 0:
            assert any(
                len(a.token_ids) < len(b.token_ids) for a, b in zip(early, full, strict=True)
            )


@pytest.mark.gpu
def test_answers_on_a_gpu_are_repeatable(tmp_path: Path) -> None:
    loaded = load(ModelRef(str(tiny_checkpoint(tmp_path))), device="cuda")
    engine = TransformersEngine(loaded, Manner(max_new_tokens=10))
    first = engine.answer(BATCH)
    with engine.at(FAR):
        assert engine.answer(BATCH) != first
    assert engine.answer(BATCH) == first
