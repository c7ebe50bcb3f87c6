"""A sound checkpoint, whole and in shards, and copies of both to damage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from builders import tiny_checkpoint


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="session")
def split(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("split"), shards=True)


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "model"))


@pytest.fixture
def sharded(split: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(split, tmp_path / "sharded"))
