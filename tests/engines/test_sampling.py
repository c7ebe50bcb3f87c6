"""Draws depend on seed, response and place alone, and follow the model's probabilities."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import chisquare, kstest

from safebasin.engines.base import Batch, Encoded
from safebasin.engines.registry import Manner
from safebasin.engines.rules import greedy
from safebasin.engines.sampling import Sampler, Sampling, uniform
from safebasin.engines.transformers import TransformersEngine
from safebasin.models.chat import Conversation
from safebasin.models.load import LoadedModel
from safebasin.points import Direction, Point
from safebasin.records import ModelRef

NAMES = tuple(f"prompt{n}" for n in range(4000))


@pytest.fixture(scope="module")
def loaded() -> LoadedModel:
    from safebasin.models.load import load

    return load(ModelRef.parse("organism:chat"))


@pytest.fixture(scope="module")
def batch(loaded: LoadedModel) -> Batch:
    asked = [Conversation(None, text) for text in ("describe the garden", "who are you")]
    rendered = loaded.chat.encode(asked)
    return tuple(
        Encoded(f"p{n}", one.token_ids, sample)
        for n, one in enumerate(rendered)
        for sample in range(3)
    )


def test_uniform_numbers_are_pinned_and_uniform() -> None:
    assert uniform(0, "a", 1) == uniform(0, "a", 1)
    assert len({uniform(*x) for x in ((0, "a", 1), (1, "a", 1), (0, "b", 1), (0, "a", 2))}) == 4
    drawn = [uniform(0, name, step) for name in NAMES[:500] for step in range(8)]
    assert 0 <= min(drawn) <= max(drawn) < 1
    assert kstest(drawn, "uniform").pvalue > 0.001


def test_tokens_come_as_often_as_the_model_says() -> None:
    logits = torch.tensor([[0.0, 1.0, 2.0, -30.0]]).expand(len(NAMES), 4)
    token_N, finite_N = Sampler(Sampling(1.0, 0), NAMES)(
        logits, range(len(NAMES)), [1] * len(NAMES)
    )
    assert finite_N.all()
    seen = np.bincount(token_N.numpy(), minlength=4)
    expected = logits[0].double().softmax(0).numpy() * len(NAMES)
    assert seen[3] == 0
    assert chisquare(seen[:3], expected[:3] * seen[:3].sum() / expected[:3].sum()).pvalue > 0.001


@pytest.mark.parametrize("seed", range(3))
def test_a_low_temperature_is_greedy(seed: int) -> None:
    logits = torch.randn(50, 30, generator=torch.Generator().manual_seed(seed))
    cold, _ = Sampler(Sampling(1e-4, seed), NAMES)(logits, range(50), [1] * 50)
    assert torch.equal(cold, greedy(logits, range(50), [1] * 50)[0])


def test_logits_that_are_not_numbers_are_told() -> None:
    logits = torch.tensor([[0.0, float("nan")], [0.0, 1.0], [float("inf"), 0.0]])
    token_N, finite_N = Sampler(Sampling(1.0, 0), NAMES)(logits, range(3), [1] * 3)
    assert finite_N.tolist() == [False, True, False]
    assert ((token_N >= 0) & (token_N < 2)).all()


def test_answers_depend_on_nothing_but_seed_prompt_and_sample(
    loaded: LoadedModel, batch: Batch
) -> None:
    hot = TransformersEngine(loaded, Manner(max_new_tokens=12, sampling=Sampling(2.0, 0)))
    together = hot.answer(batch)
    assert [(r.prompt_id, r.sample) for r in together] == [(b.prompt_id, b.sample) for b in batch]
    assert together == hot.answer(batch), "drawing again draws the same"
    assert {r.text for r in together} == {r.text for r in hot.answer(batch[::-1])}
    assert len({r.token_ids for r in together[:3]}) > 1, "samples of one prompt differ"
    other = TransformersEngine(loaded, Manner(max_new_tokens=12, sampling=Sampling(2.0, 1))).answer(
        batch
    )
    assert [r.text for r in other] != [r.text for r in together]


def test_the_draws_are_the_same_at_every_point(loaded: LoadedModel, batch: Batch) -> None:
    hot = TransformersEngine(loaded, Manner(max_new_tokens=12, sampling=Sampling(1.5, 0)))
    there = hot.answer(batch)
    with hot.at(Point(((Direction(0), 1e-9),))):
        assert [r.text for r in hot.answer(batch)] == [r.text for r in there]
