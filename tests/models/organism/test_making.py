from __future__ import annotations

from pathlib import Path

import pytest
import torch

from safebasin.errors import UsageError
from safebasin.models.organism.making import reproducible, whole


def test_threads_and_random_state_are_put_back() -> None:
    torch.manual_seed(11)
    threads, expected = torch.get_num_threads(), torch.rand(1)
    torch.manual_seed(11)
    with reproducible(threads + 1):
        assert torch.get_num_threads() == threads + 1
        torch.rand(3)
    assert torch.equal(torch.rand(1), expected)
    assert torch.get_num_threads() == threads


def test_a_folder_appears_when_it_is_whole(tmp_path: Path) -> None:
    with whole(tmp_path / "deep" / "made") as made:
        (made / "file").write_text("whole")
        assert not (tmp_path / "deep" / "made").exists()
    assert (tmp_path / "deep" / "made" / "file").read_text() == "whole"
    assert {path.name for path in (tmp_path / "deep").iterdir()} == {"made"}


def test_an_empty_folder_is_taken_and_any_other_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with whole(tmp_path / "empty") as made:
        (made / "file").write_text("whole")
    for taken in (tmp_path / "empty", tmp_path / "empty" / "file"):
        with pytest.raises(UsageError, match="not an empty folder"), whole(taken):
            pytest.fail("it was taken")
    assert (tmp_path / "empty" / "file").read_text() == "whole"


def test_nothing_is_left_of_a_failure(tmp_path: Path) -> None:
    def fail() -> None:
        with whole(tmp_path / "made") as made:
            (made / "file").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(tmp_path.iterdir()) == []
