"""What every test stands on: no network, one thread, and one small scan that many look at."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from safebasin.studies.landscape import Plan
    from safebasin.studies.result import Scan

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with random weights: fast, and its answers are garbage."""
    from builders import tiny_checkpoint

    return tiny_checkpoint(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def planned(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """A small scan of that checkpoint, ready to run; `scans.into` gives it a folder of its own."""
    from scans import settings

    from safebasin.studies.landscape import plan

    return plan(settings(tiny, tmp_path_factory.mktemp("runs") / "finished"))


@pytest.fixture(scope="session")
def finished(planned: Plan) -> Scan:
    """The same scan, done without interruption. Read it, but change nothing in its folder."""
    from safebasin.studies.landscape import run

    found = run(planned)
    found.report()
    return found
