from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from safebasin.errors import ResourceError
from safebasin.models.organism import cost as module
from safebasin.models.organism.cost import GIB, Cost, cost, require_room
from safebasin.models.organism.recipe import PRESETS, Recipe, Stage

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def usual() -> Cost:
    return cost(Recipe())


def test_work_grows_with_steps_and_long_answers_cost_more(usual: Cost) -> None:
    stage = Stage(steps=1800, rate=1e-3)
    twice = cost(replace(Recipe(), base=stage, chat=replace(stage, steps=900)))
    assert twice.tokens == pytest.approx(2 * usual.tokens)
    assert twice.flop == pytest.approx(2 * usual.flop)
    assert cost(replace(Recipe(), tails=True)).longest > 2 * usual.longest


def test_a_step_reads_what_was_counted(usual: Cost) -> None:
    assert 1350 * 32 * 40 < usual.tokens < 1350 * 32 * 110
    assert usual.learnt < usual.longest


def test_seven_billion_fit_where_they_are_said_to() -> None:
    found = cost(PRESETS["llama-2-7b"])
    # fp32 weights and gradients and a bf16 copy of the weights, and the way back.
    assert 6_738_415_616 * 10 < found.memory < 100 * GIB
    assert found.disk == 2 * 2 * 6_738_415_616
    adam = replace(PRESETS["llama-2-7b"], base=Stage(300, 1e-4))
    assert cost(adam).memory == pytest.approx(found.memory + 8 * 6_738_415_616)


def test_it_says_what_a_person_wants_to_know() -> None:
    said = str(cost(PRESETS["llama-3-1b"]))
    for words in ("1,235,814,400 parameters", "8 of keys", "128,256 tokens", "PFLOP", "GiB"):
        assert words in said


def test_what_does_not_fit_is_refused_before_anything_is_trained(
    usual: Cost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_room(usual, CPU, tmp_path / "deep" / "pair")
    monkeypatch.setattr(module, "free", lambda _: usual.memory - 1)
    with pytest.raises(ResourceError, match=r"972,384 parameters .* memory on cpu.*--preset"):
        require_room(usual, CPU, tmp_path)
    monkeypatch.setattr(module, "free", lambda _: usual.memory)
    require_room(usual, CPU, tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=usual.disk - 1))
    with pytest.raises(ResourceError, match=r"saving .* pair.*--out"):
        require_room(usual, CPU, tmp_path / "pair")
