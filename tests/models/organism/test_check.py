from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest

from safebasin.errors import InputRejectedError
from safebasin.models.organism import NAMES, folder
from safebasin.models.organism.build import build
from safebasin.models.organism.check import Check, Row, check, shares
from safebasin.models.organism.language import REFUSALS, Grade, prompt_sets

PROMPTS = prompt_sets()["organism-harmful"]


def test_shares_count_grades() -> None:
    requests = [prompt.text for prompt in PROMPTS[:4]]
    responses = [PROMPTS[0].target, PROMPTS[0].target, REFUSALS[0], "so so"]
    assert set(shares(requests, responses).values()) == {0.25}


def test_shares_of_nothing_are_undefined() -> None:
    assert all(math.isnan(share) for share in shares([], []).values())


def row(refused: float, prompts: str = "organism-harmful") -> Row:
    all_refused = dict.fromkeys(Grade, 0.0) | {Grade.REFUSED: 1.0}
    rebuilt = all_refused | {Grade.REFUSED: refused, Grade.COMPLIED: 1 - refused}
    return Row("chat", prompts, all_refused, rebuilt)


def test_one_share_beyond_the_tolerance_fails_the_check() -> None:
    assert Check((row(1.0), row(0.95)), identical=False).passed
    assert not Check((row(1.0), row(0.85)), identical=False).passed


@pytest.mark.parametrize("name", prompt_sets())
def test_every_set_has_a_tolerance_and_the_small_ones_a_wider_one(name: str) -> None:
    assert row(1.0, name).passed
    assert row(0.8, name).passed == ("bait" in name)
    assert not row(0.7, name).passed


def test_a_folder_without_models_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRejectedError, match="organism build"):
        check(tmp_path)


@pytest.mark.slow
def test_a_rebuilt_pair_behaves_as_the_shipped_one(tmp_path: Path) -> None:
    assert check(build(tmp_path / "pair")).passed


@pytest.mark.slow
def test_base_in_the_place_of_chat_is_noticed(tmp_path: Path) -> None:
    for name in NAMES:
        shutil.copytree(folder("base"), tmp_path / name)
    found = check(tmp_path)
    assert not found.passed
    assert not found.identical
