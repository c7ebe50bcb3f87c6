"""The coherence judge on a model whose answers an exact parser can label.

The weights of the organism may be trained again, so no number here is one of theirs: what is asked
is that agreement is far above chance, that garbage is found, and that it vanishes where it must.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import pytest

from judges.exchanges import shuffled
from safebasin.engines.base import Encoded, plan_batches
from safebasin.engines.crew.alone import Alone
from safebasin.engines.crew.worker import Worker
from safebasin.engines.registry import Manner
from safebasin.engines.transformers import TransformersEngine
from safebasin.judges.base import Exchange
from safebasin.judges.coherence import CoherenceJudge, calibrate
from safebasin.judges.exact import ExactJudge
from safebasin.judges.scorer import Scorer
from safebasin.models.chat import Conversation
from safebasin.models.load import load
from safebasin.models.organism import folder
from safebasin.models.organism.language import prompt_sets
from safebasin.points import Direction, Point
from safebasin.records import Label, ModelRef, Prompt

DISTANCES = (0.2, 0.5, 0.8, 1.5)
EACH = 20
TOKENS = 40


@dataclass
class Asked:
    """What the organism said, by distance, and the judge that was calibrated on the origin."""

    said: dict[float, list[Exchange]]
    judge: CoherenceJudge

    def labels(self) -> tuple[list[Label | None], list[Label | None]]:
        """Of everything that was said: the exact parser's, and the judge's."""
        everything = [one for some in self.said.values() for one in some]
        return labels(ExactJudge(), everything), labels(self.judge, everything)


@pytest.fixture(scope="module")
def asked() -> Asked:
    loaded = load(ModelRef(str(folder("chat"))))
    sets = prompt_sets()
    prompts: dict[str, Prompt] = {
        prompt.id: prompt
        for kind in ("harmful", "benign")
        for prompt in sets[f"organism-{kind}"][:EACH]
    }
    rendered = loaded.chat.encode([Conversation(None, p.text) for p in prompts.values()])
    encoded = [Encoded(id_, one.token_ids) for id_, one in zip(prompts, rendered, strict=True)]
    engine = TransformersEngine(loaded, Manner(max_new_tokens=TOKENS))
    said = {}
    for x in (0.0, *DISTANCES):
        with engine.at(Point(((Direction(0), x),))):
            answers = [one for batch in plan_batches(encoded, 32) for one in engine.answer(batch)]
        said[x] = [Exchange(prompts[one.prompt_id], one) for one in answers]
    scorer = Scorer(Alone(Worker(engine, loaded)), encoded, 32)
    return Asked(said, CoherenceJudge(scorer, calibrate(said[0.0], scorer)))


def labels(judge: CoherenceJudge | ExactJudge, some: list[Exchange]) -> list[Label | None]:
    return [verdict.label for verdict in judge.judge(some)]


def kappa(left: list[Label | None], right: list[Label | None]) -> float:
    """Cohen's: 1 for full agreement, 0 for what chance gives to labels of these frequencies."""
    agreement = sum(a == b for a, b in zip(left, right, strict=True)) / len(left)
    chance = sum(left.count(one) * right.count(one) for one in Label) / len(left) ** 2
    return (agreement - chance) / (1 - chance)


def test_the_origin_is_coherent(asked: Asked) -> None:
    found = labels(asked.judge, asked.said[0.0])
    assert found.count(Label.INCOHERENT) <= 0.01 * len(found)
    assert {Label.REFUSED, Label.COMPLIED} <= set(found)


@pytest.mark.parametrize("seed", range(3))
def test_salad_of_the_same_words_is_not(asked: Asked, seed: int) -> None:
    found = labels(asked.judge, shuffled(asked.said[0.0], seed))
    assert found.count(Label.INCOHERENT) > 0.9 * len(found)


def test_by_text_alone_the_origin_is_coherent_and_drawn_tokens_are_not(asked: Asked) -> None:
    """Tokens of a real vocabulary, drawn by chance: pieces of words, of code, of characters."""
    tokenizer = load(ModelRef(str(folder("chat")))).tokenizer
    judge, drawn = CoherenceJudge(), random.Random(0)
    own = asked.said[0.0]
    assert labels(judge, own).count(Label.INCOHERENT) <= 0.01 * len(own)
    garbage = []
    for prompt, said, *_ in own * 5:
        token_ids = [drawn.randrange(len(tokenizer)) for _ in range(60)]
        text = tokenizer.decode(token_ids, skip_special_tokens=True)
        garbage.append(Exchange(prompt, replace(said, text=text)))
    assert labels(judge, garbage).count(Label.INCOHERENT) >= 0.97 * len(garbage)


def test_far_out_nearly_nothing_is_coherent(asked: Asked) -> None:
    exact = labels(ExactJudge(), asked.said[1.5])
    assert exact.count(Label.INCOHERENT) > 0.9 * len(exact)
    found = labels(asked.judge, asked.said[1.5])
    assert found.count(Label.INCOHERENT) > 0.9 * len(found)


def test_it_agrees_with_the_exact_parser_far_above_chance(asked: Asked) -> None:
    assert kappa(*asked.labels()) > 0.7


def test_agreement_vanishes_when_the_answers_are_dealt_out_anew(asked: Asked) -> None:
    """The control: labels of other responses agree no more than chance lets them."""
    exact, found = asked.labels()
    for seed in range(5):
        random.Random(seed).shuffle(found)
        assert abs(kappa(exact, found)) < 0.25


def test_a_text_has_one_score_whatever_is_judged_beside_it(asked: Asked) -> None:
    some = asked.said[0.5][:10]
    together = [verdict.score for verdict in asked.judge.judge(some)]
    alone = [asked.judge.judge([one])[0].score for one in some]
    assert together == pytest.approx(alone, abs=1e-3)
