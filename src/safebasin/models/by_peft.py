"""Adapters of fused experts, which PEFT itself merges where it is installed.

Transformers 5 keeps the experts of a layer in one tensor. An adapter of that tensor
(`target_parameters`), or one from transformers 4 with a matrix for each expert, has to be converted
first; the rules for that are PEFT's, family by family, and no other code should have its own.
"""

from __future__ import annotations

import re
import warnings
from typing import Any

import torch
from torch import nn

from safebasin.errors import InputRejectedError, IntegrityError, ResourceError
from safebasin.memory import ran_out, wanted
from safebasin.models.adapterfile import PREFIX, Adapter, unsupported
from safebasin.models.lora import Lora
from safebasin.models.shown import first_ten, shown
from safebasin.models.surroundings import quiet_and_offline
from safebasin.models.targets import targets
from safebasin.models.vocabulary import tables

_EXPERT = re.compile(r"\.experts\.\d+\.")


def needs_peft(adapter: Adapter, model: nn.Module) -> bool:
    """Whether an adapter changes experts that the network keeps together."""
    if adapter.lora.target_parameters:
        return True
    modules = {name for name, _ in model.named_modules()}
    changed = {name.removeprefix(PREFIX).split(".lora_")[0] for name in adapter.entries}
    return any(_EXPERT.search(f"{name}.") for name in changed - modules)


def merge(adapter: Adapter, model: Any) -> None:
    """Merge an adapter into a network in place, by PEFT.

    Raises:
        InputRejectedError: PEFT is not installed, or cannot do it, or tensors are missing or left
            over.
        IntegrityError: a merged value is not finite.
        ResourceError: memory runs out.
    """
    try:
        from peft import LoraConfig, get_peft_model
        from peft.utils import set_peft_model_state_dict
    except ImportError as error:
        raise InputRejectedError(
            f"adapter {shown(adapter.folder)} changes fused experts, which only PEFT merges, and "
            "PEFT is not installed: pip install peft"
        ) from error
    _require_names(adapter, model)
    _require_same_tokens(adapter, model)
    tensors = {name: adapter.tensor(name) for name in adapter.entries}
    try:
        with quiet_and_offline(), warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
            warnings.simplefilter("ignore")
            wrapped = get_peft_model(model, LoraConfig(**_settings(adapter.lora)))
            found: Any = set_peft_model_state_dict(wrapped, tensors)
            lost = [name for name in found.missing_keys if ".lora_" in name]
            lost += found.unexpected_keys
            merged: Any = wrapped.merge_and_unload() if not lost else None
    except Exception as error:
        if ran_out(error):
            raise ResourceError(
                f"merging adapter {shown(adapter.folder)} does not fit into memory"
                f"{wanted(error)}: free some, or pass a folder that it was merged into elsewhere"
            ) from error
        raise InputRejectedError(
            f"adapter {shown(adapter.folder)} cannot be merged by PEFT ({shown(error)}): pass the "
            "base that it was trained on, or a folder that it was merged into where it was trained"
        ) from error
    if lost:
        raise InputRejectedError(
            f"adapter {shown(adapter.folder)} does not fit its base: PEFT misses a tensor or "
            f"its place ({first_ten(sorted(lost))}): pass the base that it was trained on"
        )
    if merged is not model:
        raise InputRejectedError(
            "this version of PEFT does not merge in place: pip install peft==0.21.2"
        )
    model.eval().requires_grad_(False)
    _require_finite(adapter, model)


def _require_names(adapter: Adapter, model: nn.Module) -> None:
    """PEFT matches patterns without a limit of time: they are tried with one, or refused."""
    wanted = adapter.lora.target_modules
    if isinstance(wanted, str) and wanted.lower() != "all-linear":
        raise unsupported(adapter.folder, "names fused experts by a regular expression")
    targets(adapter, model)


def _require_same_tokens(adapter: Adapter, model: nn.Module) -> None:
    """PEFT puts neither rows of single tokens nor longer tables where experts are fused."""
    if adapter.lora.trainable_token_indices:
        raise unsupported(
            adapter.folder, "trains single tokens (trainable_token_indices) beside fused experts"
        )
    every = dict(model.named_parameters(remove_duplicate=False))
    shared = {id(every[name]) for name in tables(model)}
    for name, parameter in every.items():
        module, _, leaf = name.rpartition(".")
        for key in (name, f"{module}.base_layer.{leaf}"):
            found = adapter.entries.get(PREFIX + key)
            if (
                id(parameter) in shared
                and found
                and found.shape
                and found.shape[:1] != parameter.shape[:1]
            ):
                raise unsupported(
                    adapter.folder,
                    f"has {found.shape[0]:,} tokens in {shown(name)} beside fused experts, where "
                    f"its base has {len(parameter):,}",
                )


def _settings(lora: Lora) -> dict[str, Any]:
    listed = ("exclude_modules", "modules_to_save", "layers_to_transform", "layers_pattern")
    wanted = lora.target_modules
    return {
        "task_type": "CAUSAL_LM",
        "target_modules": wanted if isinstance(wanted, str) else list(wanted),
        "target_parameters": list(lora.target_parameters) or None,
        **{name: list(getattr(lora, name)) or None for name in listed},
        **{
            name: getattr(lora, name)
            for name in (
                *("r", "lora_alpha", "rank_pattern", "alpha_pattern"),
                *("use_rslora", "lora_bias"),
            )
        },
    }


def _require_finite(adapter: Adapter, model: nn.Module) -> None:
    for name, parameter in model.named_parameters():
        if not bool(torch.isfinite(parameter).all()):
            raise IntegrityError(
                f"with adapter {shown(adapter.folder)}, parameter {shown(name)} is not finite: use "
                "--dtype float32, or train the adapter again"
            )
