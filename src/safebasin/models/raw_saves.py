"""What training tools leave behind that is not yet a model: what it is, and what makes it one."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from safebasin.errors import InputRejectedError
from safebasin.models.shards import Entry
from safebasin.models.shown import shown

_WRAPPERS = {
    "_orig_mod.": ("torch.compile", "model._orig_mod.save_pretrained"),
    "module.": ("DistributedDataParallel or DataParallel", "model.module.save_pretrained"),
}
"""What a wrapper puts before every name, and how the module inside is saved."""


def unmerged(folder: Path) -> str | None:
    """What is wrong with a folder of one part of the weights per process, None of others."""
    names = sorted(path.name for path in folder.iterdir())
    parts = [name for name in names if name.startswith("pytorch_model_fsdp") and "." not in name]
    if any(name.endswith(".distcp") for name in names):
        parts.append("")
    if parts:
        return (
            f"{shown(folder)} holds the parts that FSDP saved ({shown(parts[0] or '.distcp')}), "
            "one per process, and no whole weights: merge them with `accelerate merge-weights "
            f"{shown(folder / parts[0])} OUT`, put config.json and the tokenizer's files beside "
            "them, and pass OUT"
        )
    steps = [name for name in names if name.startswith("global_step") and (folder / name).is_dir()]
    if steps or "zero_to_fp32.py" in names:
        return (
            f"{shown(folder)} holds the parts that DeepSpeed ZeRO saved, one per process, and no "
            "whole weights: where you trust it, run `python zero_to_fp32.py . OUT "
            "--safe_serialization` in it, put config.json and the tokenizer's files beside the "
            "result, and pass OUT"
        )
    return None


def require_whole(folder: Path, entries: Collection[Entry]) -> None:
    """Refuse weights that were saved without their values, or under a wrapper's names.

    Raises:
        InputRejectedError: a weight has no values, or a wrapper's prefix stands before every name.
    """
    hollow = [entry.name for entry in entries if entry.shape == (0,) and "weight" in entry.name]
    if hollow:
        raise InputRejectedError(
            f"{len(hollow)} weights of {shown(folder)} have no values (as {shown(hollow[0])}), as "
            "DeepSpeed ZeRO-3 saves what it has not gathered: run zero_to_fp32.py with "
            "--safe_serialization on the training checkpoint, or save again with "
            "stage3_gather_16bit_weights_on_model_save, and pass that folder"
        )
    for prefix, (tool, remedy) in _WRAPPERS.items():
        if entries and all(entry.name.startswith(prefix) for entry in entries):
            raise InputRejectedError(
                f"every tensor name of {shown(folder)} begins with {prefix}, which {tool} puts "
                f"before it: save the module inside with {remedy}, or rename the tensors without "
                "the prefix"
            )
