"""Verdicts become arrays: 1, 0, and nan where there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from safebasin.records import Label, Prompt, Response, Verdict
from safebasin.store import writing
from safebasin.studies.summaries.overview import at_point
from safebasin.studies.summaries.shares import shares

HARMFUL = [Prompt(f"harmful {n}", "harmful") for n in range(2)]
HARMLESS = [Prompt("bait", "bait"), Prompt("benign", "benign")]
SAID = {HARMFUL[0].id: Label.REFUSED, HARMFUL[1].id: Label.OTHER,
        HARMLESS[0].id: Label.COMPLIED, HARMLESS[1].id: Label.INCOHERENT}  # fmt: skip


@pytest.fixture(params=[("coherence", "keyword"), ("coherence",), ("keyword",)])
def found(request, tmp_path: Path):
    judges = request.param
    with writing(tmp_path / "run", {"judges": list(judges)}) as store:
        everyone = [*HARMFUL, *HARMLESS]
        store.add_prompts((p, number // 2, p.text, ()) for number, p in enumerate(everyone))
        for point in ("origin", "away"):
            store.add_responses(point, [Response(p.id, "x", (1,), "eos") for p in everyone])
        for judge in judges:
            store.add_verdicts(
                judge, "origin", {id_: Verdict(label) for id_, label in SAID.items()}
            )
        failed = Verdict(None, status="judge_failed")
        store.add_verdicts(judges[0], "away", {HARMFUL[0].id: failed})
        yield judges, shares(store, ["away", "origin", "never"])


def test_every_label_at_every_point(found) -> None:
    _, sides = found
    for side, prompts in (("harmful", HARMFUL), ("benign", HARMLESS)):
        flat = sides[side]
        assert set(flat.prompts) == {prompt.id for prompt in prompts}
        for label, hit_NQ in flat.label_NQ.items():
            assert hit_NQ[flat.place["origin"]].tolist() == [
                float(SAID[id_] is label) for id_ in flat.prompts
            ]
            assert np.isnan(hit_NQ[flat.place["away"]]).all()
            assert np.isnan(hit_NQ[flat.place["never"]]).all()


def test_the_published_rate_is_there_only_if_its_judge_was_asked(found) -> None:
    judges, sides = found
    flat = sides["benign"]
    at_origin = flat.keyword_NQ[flat.place["origin"]]
    if "keyword" in judges:
        assert at_origin.tolist() == [float(SAID[i] is Label.COMPLIED) for i in flat.prompts]
    else:
        assert np.isnan(at_origin).all()


def test_clusters_go_with_their_side(found) -> None:
    _, sides = found
    assert sides["harmful"].cluster_Q.tolist() == [0, 0]
    assert sides["benign"].cluster_Q.tolist() == [1, 1]


def test_shares_at_a_point(found) -> None:
    _, sides = found
    here = at_point(sides["harmful"], "origin")
    assert (here["refused"].value, here["refused"].n) == (0.5, 2)
    for nowhere in ("away", "never", "unknown"):
        there = at_point(sides["harmful"], nowhere)
        assert (there["refused"].value, there["refused"].n) == (None, 0)
