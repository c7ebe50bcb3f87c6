"""What making a model asks for: the same bits every time, and a folder that is whole or absent."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from safebasin.errors import UsageError
from safebasin.models.shown import shown


@contextmanager
def reproducible(threads: int) -> Iterator[None]:
    """Fix what the bits depend on, number of threads and random state, and put it back after."""
    before, state = torch.get_num_threads(), torch.get_rng_state()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        torch.set_rng_state(state)


@contextmanager
def whole(folder: Path) -> Iterator[Path]:
    """A folder to write into, which becomes `folder` when the block ends and vanishes if it fails.

    Raises:
        UsageError: `folder` has something in it.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{shown(folder)} is not an empty folder; name a new one")
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        made = Path(scratch, "made")
        made.mkdir()
        yield made
        if folder.exists():
            folder.rmdir()
        made.replace(folder)
