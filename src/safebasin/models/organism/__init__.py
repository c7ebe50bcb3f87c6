"""The model organism: a tiny chat model, before and after safety training, that ships in here.

This module is light. `language` knows the right answer to every request; `build` retrains the pair
`check` compares a retrained pair with the shipped one, and `tune` makes fine-tunes of it; these
three import torch.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from safebasin.errors import UsageError

if TYPE_CHECKING:
    from safebasin.models.organism.tuning import tune

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


def speaks(model: str) -> bool:
    """Whether a model reads the organism's own language, and no other.

    Args:
        model: as in `ModelRef.parse`. The shipped pair does, and so does any folder with their chat
            template: what `organism build` and `organism tune` write, and adapters over these.
    """
    if model.startswith("organism:"):
        return True
    model = _base(model) or model
    if model.startswith("organism:"):
        return True
    own, template = folder("chat") / "chat_template.jinja", Path(model) / "chat_template.jinja"
    try:
        with template.open("rb") as file:
            return file.read(own.stat().st_size + 1) == own.read_bytes()
    except (OSError, ValueError):
        return False


def _base(model: str) -> str | None:
    """The base of an adapter, alone or put over one; None of a whole model."""
    from safebasin.errors import SafebasinError
    from safebasin.models.resolve import base_of
    from safebasin.records import ModelRef

    try:
        ref = ModelRef.parse(model)
        base = ModelRef(ref.source) if ref.adapter else base_of(Path(ref.source))
    except (SafebasinError, OSError, ValueError):
        return None
    return None if base is None or base.source == model else base.source


def __getattr__(name: str) -> Any:
    if name == "tune":
        from safebasin.models.organism.tuning import tune

        return tune
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["NAMES", "Name", "folder", "speaks", "tune"]
