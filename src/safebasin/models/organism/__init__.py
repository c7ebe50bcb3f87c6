"""The model organism: a tiny chat model, before and after safety training, that ships in here.

This module is light. `language` knows the right answer to every request; `build` retrains the pair
and `check` compares a retrained pair with the shipped one, and both import torch.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from safebasin.errors import UsageError

Name = Literal["base", "chat"]
NAMES: tuple[Name, ...] = get_args(Name)
"""`base` complies with everything; `chat` is the same network after safety training."""


def folder(name: str) -> Path:
    """The folder of a shipped model, in the format of `transformers`.

    Raises:
        UsageError: there is no such model.
    """
    if name not in NAMES:
        raise UsageError(f"the organism has no model {name!r}; choose one of {', '.join(NAMES)}")
    return Path(__file__).parent / "weights" / name


__all__ = ["NAMES", "Name", "folder"]
