"""The engine for real, against the reference engine; needs vLLM."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from engines.lengths import prompts
from engines.vllm.checkpoints import grouped
from safebasin.engines.agreement import against_reference, compare
from safebasin.engines.base import Batch, Encoded
from safebasin.engines.registry import Manner, make
from safebasin.engines.transformers import TransformersEngine
from safebasin.engines.vllm import VllmEngine, order
from safebasin.errors import ReproducibilityError, ResourceError, UsageError
from safebasin.judges.base import Exchange
from safebasin.judges.keyword import KeywordJudge
from safebasin.judges.keyword.phrases import PHRASES
from safebasin.models.chat import Conversation
from safebasin.models.load import LoadedModel, load
from safebasin.models.organism import folder
from safebasin.models.organism.language import prompt_sets
from safebasin.points import Direction, Displacement, Point
from safebasin.records import ModelRef, Prompt
from safebasin.weights.given import Along, Given, Held, Towards
from safebasin.weights.placing import place

pytestmark = [pytest.mark.vllm, pytest.mark.filterwarnings("ignore")]

ORIGIN = Point()
NEAR = Point(((Direction(0), 0.2),))
FAR = Point(((Direction(0), -0.5), (Direction(1), 0.3)))
OVERFLOW = Point(((Direction(0), 1e42),))
THERE, ASIDE = Displacement("a" * 64), Displacement("b" * 64)

ALMOST_ALL = 0.95
"""Kernels round differently, so that now and then two nearly equal logits change places."""


@contextmanager
def running(loaded: LoadedModel, manner: Manner, **more: Any) -> Iterator[VllmEngine]:
    engine = VllmEngine(loaded, manner, **more)
    try:
        yield engine
    finally:
        engine.close()


def share_alike(engine: VllmEngine, reference: TransformersEngine, batch: Batch) -> float:
    told = compare(engine.answer(batch), reference.answer(batch))
    return told.same / told.asked


def worst(found: list[list[float]], expected: list[list[float]]) -> float:
    assert list(map(len, found)) == list(map(len, expected))
    pairs = [pair for a, b in zip(found, expected, strict=True) for pair in zip(a, b, strict=True)]
    return max(abs(a - b) for a, b in pairs)


@dataclass(frozen=True)
class Whole:
    """What a run would pass: all judges' verdicts are settled, and what text settles them."""

    judge: KeywordJudge
    phrases: Sequence[str] = ()

    def __call__(self, text: str) -> bool:
        return self.judge.settled(text)


class TestOrganism:
    MANNER = Manner(max_new_tokens=48)

    @pytest.fixture(scope="class")
    def organism(self) -> LoadedModel:
        return load(ModelRef(str(folder("chat"))))

    @pytest.fixture(scope="class")
    def some(self) -> list[Prompt]:
        sets = prompt_sets()
        return [*sets["organism-harmful"][:24], *sets["organism-benign"][:16]]

    @pytest.fixture(scope="class")
    def batch(self, organism: LoadedModel, some: list[Prompt]) -> Batch:
        rendered = organism.chat.encode([Conversation(None, prompt.text) for prompt in some])
        return tuple(Encoded(p.id, one.token_ids) for p, one in zip(some, rendered, strict=True))

    @pytest.fixture(scope="class")
    def engine(self, organism: LoadedModel) -> Iterator[VllmEngine]:
        with running(organism, self.MANNER) as engine:
            yield engine

    @pytest.fixture(scope="class")
    def reference(self, organism: LoadedModel) -> TransformersEngine:
        return TransformersEngine(organism, self.MANNER)

    @pytest.mark.parametrize("point", [ORIGIN, NEAR, FAR], ids=["origin", "near", "far"])
    def test_answers_and_losses_are_those_of_the_reference(
        self, engine: VllmEngine, reference: TransformersEngine, batch: Batch, point: Point
    ) -> None:
        at_origin = reference.answer(batch)
        with engine.at(point), reference.at(point):
            assert share_alike(engine, reference, batch) >= ALMOST_ALL
            said = reference.answer(batch)
            losses = reference.losses(batch, at_origin)
            assert worst(engine.losses(batch, at_origin), losses) < 1e-3
        if point.terms:  # or an engine that never moves would pass
            assert compare(said, at_origin).same <= len(batch) // 2 or point == NEAR
            assert worst(losses, reference.losses(batch, at_origin)) > 0.1

    def test_nothing_is_left_of_a_point(self, engine: VllmEngine, batch: Batch) -> None:
        first = engine.answer(batch)
        with engine.at(FAR):
            there = engine.answer(batch)
        assert engine.answer(batch) == first != there
        with engine.at(FAR):
            assert engine.answer(batch) == there

    def test_a_batch_does_not_depend_on_those_before(
        self, engine: VllmEngine, batch: Batch
    ) -> None:
        """Their first 200 tokens are the same, so vLLM could take them from the batch before."""
        shared = tuple(batch[0].token_ids * 30)[:200]
        first, second = (
            tuple(Encoded(one.prompt_id, shared + one.token_ids) for one in some)
            for some in (batch[:8], batch[8:16])
        )
        alone = engine.losses(second, said := engine.answer(second))
        engine.answer(first)
        assert engine.answer(second) == said
        engine.answer(first)
        assert engine.losses(second, said) == alone

    @pytest.mark.parametrize("x", [0.0, 0.3])
    def test_ending_early_changes_no_verdict(
        self, engine: VllmEngine, some: list[Prompt], batch: Batch, x: float
    ) -> None:
        judge = KeywordJudge()
        with engine.at(Point(((Direction(0), x),)) if x else ORIGIN):
            full = engine.answer(batch)
            early = engine.answer(batch, Whole(judge, PHRASES))
            plain = engine.answer(batch, Whole(judge))
        assert plain == full
        labels = [
            [verdict.label for verdict in judge.judge(list(map(Exchange, some, said)))]
            for said in (full, early)
        ]
        assert labels[0] == labels[1]
        for whole, part in zip(full, early, strict=True):
            assert whole.text.startswith(part.text)
            assert whole.token_ids[: len(part.token_ids)] == part.token_ids
            assert part == whole or (part.finish == "decided" and judge.settled(part.text))
            assert not judge.settled(part.text) or part.finish in ("decided", "eos")
        if not x:
            assert sum(part.finish == "decided" for part in early) >= 12

    def test_a_phrase_that_settles_not_every_verdict_stops_nothing(
        self, engine: VllmEngine, batch: Batch
    ) -> None:
        common = ("e", "the", "I'm sorry")
        never = Whole(KeywordJudge(), common)
        full, early = engine.answer(batch), engine.answer(batch, never)
        for whole, part in zip(full, early, strict=True):
            assert part == whole or "I'm sorry" in part.text

    def test_a_verdict_that_vllm_alone_saw_is_not_believed(
        self, engine: VllmEngine, batch: Batch
    ) -> None:
        """It reads token by token: here the phrase settles, and no text that holds it does."""

        class Once:
            phrases = ("I'm sorry",)

            def __call__(self, text: str) -> bool:
                return text == "I'm sorry" and self.first()

            def first(self) -> bool:
                self.asked = getattr(self, "asked", 0) + 1
                return self.asked == 1

        assert engine.answer(batch, Once()) == engine.answer(batch)

    def test_after_a_point_that_cannot_be_placed_all_is_as_before(
        self, engine: VllmEngine, batch: Batch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = engine.answer(batch)
        with monkeypatch.context() as patch:
            calls = iter(range(100))

            def full(*arguments: Any) -> None:
                if next(calls) == 4:
                    raise MemoryError("full")
                place(*arguments)

            patch.setattr(order, "place", full)
            with pytest.raises(MemoryError, match="full"), engine.at(FAR):
                pytest.fail("the point was placed")
        assert engine.answer(batch) == first

    def test_numbers_that_are_none_are_never_text_and_spoil_nothing_else(
        self, engine: VllmEngine, reference: TransformersEngine, batch: Batch
    ) -> None:
        first = engine.answer(batch)
        with engine.at(OVERFLOW), reference.at(OVERFLOW):
            found = engine.answer(batch)
            assert found == reference.answer(batch)
        assert {(one.finish, one.text) for one in found} == {("numeric_failure", "")}
        assert engine.answer(batch) == first

    def test_a_cache_that_is_not_dropped_is_noticed(
        self, engine: VllmEngine, batch: Batch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(engine._llm, "reset_prefix_cache", lambda *_, **__: True)
            with pytest.raises(ReproducibilityError, match="another point"), engine.at(NEAR):
                pytest.fail("the point was placed")
        with engine.at(NEAR):
            assert engine.answer(batch)

    def test_the_run_is_told_how_far_it_agrees(
        self, engine: VllmEngine, organism: LoadedModel, batch: Batch
    ) -> None:
        told = against_reference(engine, organism, self.MANNER, batch, [ORIGIN, NEAR, FAR])
        assert len(told) == 2
        assert "gave 20 of 20" in told[0]
        engine.overlay.verify()

    def test_the_name_tells_the_versions(self, engine: VllmEngine) -> None:
        assert engine.name.startswith("vllm")
        assert "0.32.0" in engine.name
        assert torch.__version__ in engine.name

    def test_what_does_not_fit_is_refused(self, engine: VllmEngine) -> None:
        with pytest.raises(ResourceError, match="1024"):
            engine.answer((Encoded("long", tuple(range(3, 990))),))

    def test_one_engine_is_open_at_a_time(self, engine: VllmEngine, organism: LoadedModel) -> None:
        assert engine.is_open
        with pytest.raises(UsageError, match="close"):
            make("vllm", organism, self.MANNER)

    def test_points_are_not_nested_and_ways_are_known(self, engine: VllmEngine) -> None:
        with engine.at(NEAR), pytest.raises(ValueError, match="leave its block"), engine.at(FAR):
            pass
        with pytest.raises(ValueError, match="unknown"), engine.at(Point(((THERE, 1.0),))):
            pass
        with engine.at(NEAR):
            pass


MIXED: Batch = tuple(
    Encoded(f"p{place}", ids) for place, ids in enumerate(prompts(5, 1, 17, 9, 30, 2, 140, 12))
)
SHORT = Manner(max_new_tokens=16)


@pytest.mark.parametrize(
    ("family", "tied"), [("llama", True), ("llama", False), ("qwen2", True), ("qwen3", False)]
)
def test_fused_and_tied_tensors_of_several_files(tmp_path: Path, family: str, tied: bool) -> None:
    checkpoint = grouped(tmp_path / "m", family, tied=tied, shards=True)
    assert len(list(checkpoint.glob("*.safetensors"))) >= 2
    compare_at_points(load(ModelRef(str(checkpoint))))


def test_every_worker_places_its_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_CPU_OMP_THREADS_BIND", "0|0")
    loaded = load(ModelRef(str(grouped(tmp_path / "m", tied=True, shards=True))))
    compare_at_points(loaded, parallel=2)


def compare_at_points(loaded: LoadedModel, **more: Any) -> None:
    reference = TransformersEngine(loaded, SHORT)
    first = reference.answer(MIXED)
    with running(loaded, SHORT, **more) as engine:
        for point in (ORIGIN, NEAR, FAR, ORIGIN):
            with engine.at(point), reference.at(point):
                expected = reference.losses(MIXED, first)
                assert worst(engine.losses(MIXED, first), expected) < 1e-3
                assert share_alike(engine, reference, MIXED) >= 7 / 8
            assert not point.terms or worst(expected, reference.losses(MIXED, first)) > 0.1


def test_ways_that_are_given(tmp_path: Path) -> None:
    """To another checkpoint, and along a direction that ruins one token alone."""
    loaded = load(ModelRef(str(grouped(tmp_path / "m"))))
    other = load(ModelRef(str(grouped(tmp_path / "other", seed=5))))
    token = MIXED[2].token_ids[4]
    ruined = {name: torch.zeros(p.shape) for name, p in loaded.model.named_parameters()}
    ruined["model.embed_tokens.weight"][token] = float("inf")
    target = {name: p.detach() for name, p in other.model.named_parameters()}
    given: dict[Displacement, Given] = {THERE: Towards(Held(target)), ASIDE: Along(Held(ruined))}
    manner = Manner(max_new_tokens=16, given=given)
    reference = TransformersEngine(loaded, manner)
    with running(loaded, manner) as engine:
        for terms in (((THERE, 0.5),), ((THERE, 1.0),), ((THERE, 1.0), (Direction(0), 0.2))):
            with engine.at(Point(terms)), reference.at(Point(terms)):
                assert share_alike(engine, reference, MIXED) >= 7 / 8
                losses = reference.losses(MIXED, said := reference.answer(MIXED))
                assert worst(engine.losses(MIXED, said), losses) < 1e-3
        sound = engine.answer(MIXED)
        with engine.at(Point(((ASIDE, 1.0),))), reference.at(Point(((ASIDE, 1.0),))):
            found = engine.answer(MIXED)
            assert engine.answer(MIXED) == found
            assert share_alike(engine, reference, MIXED) >= 7 / 8
        assert found[2].finish == "numeric_failure"
        kept = [
            place
            for place, one in enumerate(MIXED)
            if token not in (*one.token_ids, *sound[place].token_ids)
        ]
        assert kept
        assert all(found[place].finish != "numeric_failure" for place in kept)
