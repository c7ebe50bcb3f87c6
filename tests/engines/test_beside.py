"""Steering and prefilling: exact at nothing, elsewhere as plain transformers, kept by a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import tiny_checkpoint
from scans import ASKED, digest, interrupting

from engines.lengths import answers_alone, prompts
from safebasin.engines import registry
from safebasin.engines.base import Batch, Encoded
from safebasin.engines.beside import Beginnings, Vectors, given_first
from safebasin.engines.registry import Manner
from safebasin.engines.rules import Row
from safebasin.engines.transformers import TransformersEngine
from safebasin.errors import InputRejectedError, UsageError
from safebasin.models.load import LoadedModel, load
from safebasin.points import Direction, Point, Prefill, Steering
from safebasin.records import ModelRef
from safebasin.store import reading, writing
from safebasin.studies.naming import called
from safebasin.studies.plan import Plan, make
from safebasin.studies.run import crew, evaluate
from safebasin.studies.settings import Settings
from safebasin.studies.subject import prepare

SOME = prompts(5, 1, 17, 9)
BATCH: Batch = tuple(Encoded(f"p{place}", ids) for place, ids in enumerate(SOME))
GIVEN = Beginnings({"p0": (7, 9, 11, 13), "p2": (21, 5), "p3": (8,)})


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    return load(ModelRef(str(tiny_checkpoint(tmp_path_factory.mktemp("tiny")))))


def vectors(loaded: LoadedModel, seed: int = 0) -> Vectors:
    drawn = torch.Generator().manual_seed(seed)
    width = loaded.model.config.hidden_size
    return Vectors({layer: torch.randn(width, generator=drawn) for layer in (0, 1)})


@pytest.fixture(scope="module")
def engine(loaded: LoadedModel) -> TransformersEngine:
    steering = vectors(loaded)
    beside = {steering.way: steering, GIVEN.way: GIVEN}
    return TransformersEngine(loaded, Manner(max_new_tokens=8, beside=beside))


def tokens(engine: TransformersEngine, point: Point) -> list[tuple[int, ...]]:
    with engine.at(point):
        return [one.token_ids for one in engine.answer(BATCH)]


def at(*terms: Any) -> Point:
    return Point(terms)


class TestSteering:
    def test_it_is_what_hooks_on_plain_transformers_say(self, engine, loaded) -> None:
        steering, alpha = vectors(loaded), 1.5
        hooks = [
            loaded.model.model.layers[layer].register_forward_hook(
                lambda _m, _a, out, v=vector: out + alpha * v
            )
            for layer, vector in steering.layers.items()
        ]
        expected = answers_alone(loaded.model, SOME, loaded.end_ids, 8)
        for hook in hooks:
            hook.remove()
        steered = tokens(engine, at((steering.way, alpha)))
        assert steered == [ids for ids, _ in expected]
        assert steered != tokens(engine, Point())

    def test_nothing_at_nothing_and_nothing_left_behind(self, engine, loaded) -> None:
        plain, way = tokens(engine, Point()), vectors(loaded).way
        assert at((way, 0.0)) == Point()
        tokens(engine, at((way, 3.0)))
        assert tokens(engine, Point()) == plain
        assert not any(m._forward_hooks for m in loaded.model.modules())

    def test_a_vector_of_zeros_changes_nothing(self, loaded) -> None:
        zeros = Vectors({0: torch.zeros(loaded.model.config.hidden_size)})
        engine = TransformersEngine(loaded, Manner(max_new_tokens=8, beside={zeros.way: zeros}))
        assert tokens(engine, at((zeros.way, 5.0))) == tokens(engine, Point())

    def test_it_goes_with_a_direction_through_weights(self, engine, loaded) -> None:
        way = vectors(loaded).way
        both = tokens(engine, at((Direction(0), 0.3), (way, 1.5)))
        assert both != tokens(engine, at((Direction(0), 0.3)))
        assert both != tokens(engine, at((way, 1.5)))
        engine.overlay.verify()

    def test_what_does_not_fit_is_named(self, loaded) -> None:
        width = loaded.model.config.hidden_size
        for layers in ({99: torch.zeros(width)}, {0: torch.zeros(width + 1)}):
            wrong = Vectors(layers)
            engine = TransformersEngine(loaded, Manner(beside={wrong.way: wrong}))
            with pytest.raises(UsageError, match="does not fit"), engine.at(at((wrong.way, 1.0))):
                pass
            with pytest.raises(ValueError, match="unknown here"), engine.at(at((Steering("x"), 1))):
                pass
            engine.overlay.verify()

    def test_a_family_without_known_layers_is_refused(self, tmp_path: Path) -> None:
        other = load(ModelRef(str(tiny_checkpoint(tmp_path / "gpt2", "gpt2"))))
        some = Vectors({0: torch.zeros(other.model.config.hidden_size)})
        engine = TransformersEngine(other, Manner(beside={some.way: some}))
        with pytest.raises(InputRejectedError, match="gpt2"), engine.at(at((some.way, 1.0))):
            pass


class TestPrefill:
    @pytest.mark.parametrize("count", [1, 2, 4])
    def test_it_is_the_prompt_with_the_beginning_behind_it(self, engine, loaded, count) -> None:
        begun = [(*one.token_ids, *GIVEN.tokens.get(one.prompt_id, ())[:count]) for one in BATCH]
        expected = [ids for ids, _ in answers_alone(loaded.model, begun, loaded.end_ids, 8)]
        said = tokens(engine, at((GIVEN.way, float(count))))
        given = [GIVEN.tokens.get(one.prompt_id, ())[:count] for one in BATCH]
        assert said == [(*first, *rest) for first, rest in zip(given, expected, strict=True)]
        assert said[1] == tokens(engine, Point())[1], "a prompt without one is asked as ever"

    def test_texts_begin_with_it(self, engine, loaded) -> None:
        with engine.at(at((GIVEN.way, 2.0))):
            said = engine.answer(BATCH)
        first = loaded.tokenizer.decode(GIVEN.tokens["p2"], skip_special_tokens=True)
        assert said[2].text.startswith(first)

    def test_a_share_of_a_token_or_two_prefills_are_refused(self, loaded) -> None:
        other = Beginnings({"p1": (3, 4)})
        beside = {GIVEN.way: GIVEN, other.way: other}
        engine = TransformersEngine(loaded, Manner(beside=beside))
        for terms in (
            ((GIVEN.way, 1.5),),
            ((GIVEN.way, -1.0),),
            ((GIVEN.way, 1.0), (other.way, 1.0)),
        ):
            with pytest.raises(UsageError, match="whole number"), engine.at(at(*terms)):
                pass

    def test_an_answer_that_failed_is_no_text(self) -> None:
        assert given_first(Row([], "numeric_failure"), (5, 6)) == ()
        assert given_first(Row([9], "eos"), (5, 6)) == (5, 6, 9)

    def test_texts_are_not_measured_where_answers_are_begun(self, tiny, tmp_path) -> None:
        text = tmp_path / "text.txt"
        text.write_text("Open a window.")
        subject = prepare(Settings(model=str(tiny), perplexity=text, **ASKED))
        with pytest.raises(UsageError, match="no prefill begins"):
            make("scan", subject, (Point(),), {}, beside={GIVEN.way: GIVEN})


def test_an_engine_that_cannot_is_refused_by_name(loaded) -> None:
    with pytest.raises(UsageError, match="vllm neither steers"):
        registry.make("vllm", loaded, Manner(beside={GIVEN.way: GIVEN}))


def test_names_differ_where_contents_do(loaded) -> None:
    one, other = vectors(loaded), vectors(loaded, seed=1)
    assert one.way == vectors(loaded).way != other.way
    assert GIVEN.way != Beginnings({**GIVEN.tokens, "p1": (1,)}).way
    assert called(at((GIVEN.way, 2.0)), {}) == "2 tokens of the answer given"
    assert called(at((one.way, -0.5)), {one.way.key: "refusal"}) == "steered by refusal, α = −0.5"


class TestRun:
    """Asked, stored, judged and resumed as places in weight space are."""

    @pytest.fixture
    def planned(self, tiny: Path, tmp_path: Path) -> Plan:
        subject = prepare(Settings(model=str(tiny), out=tmp_path / "run", **ASKED))
        steering = vectors(subject.loaded)
        given = Beginnings(dict.fromkeys(subject.prompts, (7, 9, 11)))
        ways: list[Steering | Prefill] = [steering.way, given.way]
        points = (Point(), *(at((way, x)) for way in ways for x in (1.0, 2.0)))
        beside = {steering.way: steering, given.way: given}
        return make("scan", subject, points, {"ways": [w.key for w in ways]}, beside=beside)

    def run(self, planned: Plan, progress: Any = lambda _: None) -> None:
        with crew(planned) as everybody, writing(planned.folder, planned.request) as store:
            store.add_prompts(planned.subject.rows())
            evaluate(planned, everybody, store, progress)

    def test_every_place_is_answered_and_judged_and_goes_on(self, planned, tmp_path) -> None:
        self.run(planned)
        with reading(planned.folder) as store:
            answers = {point.key: store.responses(point.key) for point in planned.work.points}
            for key, said in answers.items():
                assert len(said) == len(planned.work.prompts)
                assert len(store.verdicts(store.first_judge, key)) == len(said)
        assert len({tuple(r.token_ids for r in said) for said in answers.values()}) == len(answers)
        again = replace(planned, folder=tmp_path / "again")
        with pytest.raises(KeyboardInterrupt):
            self.run(again, interrupting(after=7))
        self.run(again)
        assert digest(again.folder) == digest(planned.folder)
