"""Which modules of a network a LoRA adapter's settings mean, and with what rank and scale.

The rules are those of PEFT. Several settings are regular expressions, and one from a stranger may
take forever, so they are matched in a child process with a time limit.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from torch import nn

from safebasin.errors import InputRejectedError
from safebasin.models.adapterfile import Adapter
from safebasin.models.confined import confined
from safebasin.models.lora import Lora
from safebasin.models.shown import shown

_SECONDS = 10.0
_MAX_BYTES = 32 << 20
_ALL_LINEAR = "all-linear"


@dataclass(frozen=True)
class Target:
    """A module that gets a low-rank change: by how much its product is scaled, of what rank."""

    module: str
    rank: int
    scaling: float


def targets(adapter: Adapter, model: nn.Module) -> list[Target]:
    """The modules that the adapter's settings ask to change, in the network's order.

    Raises:
        InputRejectedError: a regular expression is not valid, or takes too long.
    """
    lora = adapter.lora
    names = [name for name, _ in model.named_modules() if name]
    if isinstance(lora.target_modules, str) and lora.target_modules.lower() == _ALL_LINEAR:
        names = _linear(model)
    found = json.loads(
        confined(
            lambda: json.dumps(_match_all(lora, names)).encode(),
            seconds=_SECONDS,
            max_bytes=_MAX_BYTES,
            what=f"matching the module names of adapter {shown(adapter.folder)}",
        )
    )
    if isinstance(found, str):
        raise InputRejectedError(
            f"adapter {shown(adapter.folder)} holds a name pattern that is not valid "
            f"({shown(found)}): save the adapter again with PEFT's save_pretrained"
        )
    return [
        Target(name, rank, alpha / (math.sqrt(rank) if lora.use_rslora else rank))
        for name, rank, alpha in found
    ]


def saved_modules(lora: Lora, model: nn.Module) -> list[str]:
    """The modules that the adapter replaces as a whole; a tied one under each of its names."""
    return [
        name
        for name, _ in model.named_modules(remove_duplicate=False)
        if lora.modules_to_save and name.endswith(lora.modules_to_save)
    ]


def _linear(model: nn.Module) -> list[str]:
    """Every linear layer but the output head, which PEFT leaves out of "all-linear"."""
    from transformers.pytorch_utils import Conv1D

    head = getattr(model, "get_output_embeddings", lambda: None)()
    return [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear | Conv1D) and module is not head
    ]


def _match_all(lora: Lora, names: list[str]) -> list[tuple[str, int, float]] | str:
    """(module, rank, alpha) of each target, or what is wrong with a pattern."""
    try:
        return [
            (
                name,
                _pattern(lora.rank_pattern, name, lora.r),
                _pattern(lora.alpha_pattern, name, lora.lora_alpha),
            )
            for name in names
            if _is_target(lora, name)
        ]
    except (re.error, RecursionError, OverflowError) as error:
        return str(error)


def _pattern(patterns: dict[str, Any], name: str, default: Any) -> Any:
    """The value of the first pattern that the end of the name matches."""
    for pattern, value in patterns.items():
        if re.match(rf"(.*\.)?({pattern})$", name):
            return value
    return default


def _is_target(lora: Lora, name: str) -> bool:
    if _named(lora.exclude_modules, name):
        return False
    if any(re.match(rf"(^|.*\.){saved}($|\..*)", name) for saved in lora.modules_to_save):
        return False
    if isinstance(lora.target_modules, str):
        return lora.target_modules.lower() == _ALL_LINEAR or _named(lora.target_modules, name)
    if name in lora.target_modules:
        return True
    return _named(lora.target_modules, name) and _is_layer(lora, name)


def _named(wanted: str | tuple[str, ...], name: str) -> bool:
    if isinstance(wanted, str):
        return re.fullmatch(wanted, name) is not None
    return name in wanted or any(name.endswith(f".{end}") for end in wanted)


def _is_layer(lora: Lora, name: str) -> bool:
    """Whether the name's first number is one of the layers that are asked for, if any are."""
    if not lora.layers_to_transform:
        return True
    patterns = [rf"(?:^|.*?\.){pattern}\.(?P<layer>\d+)\." for pattern in lora.layers_pattern]
    for pattern in patterns or [r".*?\.[^.]*\.(?P<layer>\d+)\."]:
        found = re.match(pattern, name)
        if found:
            return int(found["layer"]) in lora.layers_to_transform
    return False
