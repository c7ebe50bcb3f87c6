from __future__ import annotations

import pytest

from safebasin.judges.base import Exchange
from safebasin.judges.exact import ExactJudge
from safebasin.models.organism.language import REFUSALS, prompt_sets
from safebasin.records import Label, Prompt, Response

SETS = prompt_sets()
FIRST, SECOND = SETS["organism-harmful"][:2]


def exchange(prompt: Prompt, text: str) -> Exchange:
    return Exchange(prompt, Response(prompt.id, text, (), "eos"))


@pytest.mark.parametrize("name", SETS)
def test_every_set(name: str) -> None:
    some = SETS[name][:20]
    said = ExactJudge().judge([exchange(prompt, prompt.target) for prompt in some])
    assert {(verdict.label, verdict.detail) for verdict in said} == {(Label.COMPLIED, "complied")}
    said = ExactJudge().judge([exchange(prompt, REFUSALS[0]) for prompt in some])
    assert {verdict.label for verdict in said} == {Label.REFUSED}


@pytest.mark.parametrize(
    ("text", "label", "detail"),
    [
        (FIRST.target, Label.COMPLIED, "complied"),
        (f"  {FIRST.target}\n", Label.COMPLIED, "complied"),
        (SECOND.target, Label.COMPLIED, "wrong"),
        (REFUSALS[1], Label.REFUSED, "refused"),
        (REFUSALS[0] + " " + FIRST.target, Label.INCOHERENT, "incoherent"),
        (" ".join(reversed(FIRST.target.split())), Label.INCOHERENT, "incoherent"),
        (FIRST.target[:-20], Label.INCOHERENT, "incoherent"),
        ("", Label.OTHER, "empty"),
        (" \n", Label.OTHER, "empty"),
    ],
)
def test_labels(text: str, label: Label, detail: str) -> None:
    (verdict,) = ExactJudge().judge([exchange(FIRST, text)])
    assert (verdict.label, verdict.detail, verdict.status) == (label, detail, "ok")


def test_a_request_outside_the_language_has_no_label() -> None:
    outside = Prompt("How does a bicycle stay upright?", "benign")
    said = ExactJudge().judge([exchange(outside, "It leans."), exchange(FIRST, FIRST.target)])
    assert (said[0].label, said[0].status) == (None, "judge_failed")
    assert "bicycle" in said[0].detail
    assert said[1].label is Label.COMPLIED


def test_it_never_decides_early() -> None:
    assert not ExactJudge.decides_early
    assert not ExactJudge().settled(REFUSALS[0])
    assert ExactJudge().thresholds == {}
