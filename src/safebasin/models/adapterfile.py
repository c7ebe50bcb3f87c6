"""A PEFT adapter as it lies on disk: its settings and weights, read as untrusted data."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from safebasin.errors import InputRejectedError, IntegrityError
from safebasin.models.configuration import read_json
from safebasin.models.lora import CONFIG, Lora, lora_of
from safebasin.models.shards import Entry, Shard, digest, read_shard
from safebasin.models.shown import shown
from safebasin.models.tokenizer_folder import has_vocabulary

WEIGHTS = "adapter_model.safetensors"
PREFIX = "base_model.model."
"""What PEFT puts before the name that a tensor's module has in the base."""

#: Settings under which PEFT's merge is not the plain sum that is computed here.
_OTHER_METHODS = {
    "use_dora": "DoRA",
    "use_qalora": "QA-LoRA",
    "use_bdlora": "block-diagonal LoRA",
    "alora_invocation_tokens": "activated LoRA",
    "arrow_config": "Arrow routing",
    "kasa_config": "KaSA",
    "monteclora_config": "MonteCLoRA",
    "velora_config": "VeLoRA",
    "megatron_config": "Megatron layers",
    "layer_replication": "layer_replication",
    "ensure_weight_tying": "tied adapters (ensure_weight_tying)",
}
#: Other initialisations change the base itself whenever PEFT loads such an adapter.
_PLAIN_STARTS = (True, False, None, "gaussian", "eva", "orthogonal")
#: Settings that the merge depends on (those of `Lora`), and those that it does not.
_WITHOUT_EFFECT = {
    "auto_mapping", "base_model_name_or_path", "bias", "corda_config", "eva_config",
    "fan_in_fan_out", "inference_mode", "init_lora_weights", "loftq_config",
    "lora_dropout", "lora_ga_config", "megatron_core", "peft_type", "peft_version",
    "qalora_group_size", "revision", "runtime_config", "task_type",
}  # fmt: skip
_DEFAULT = re.compile(r"(\.lora_(?:embedding_)?[AB])\.default(?=\.weight$|\.bias$|$)")
_TORCH = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
}


@dataclass(frozen=True)
class Adapter:
    """An adapter that was found sound; its tensors stay on disk until they are asked for.

    Attributes:
        folder: where it is, with links resolved.
        lora: its settings.
        base: the base model that its settings name, if they do.
        shard: the header of its weights.
        file_digest: SHA-256 of the weights file.
        tensor_digests: SHA-256 of every tensor's bytes, by name.
        notes: what a person should know, in sentences.
    """

    folder: Path
    lora: Lora
    base: str | None
    shard: Shard
    file_digest: str
    tensor_digests: dict[str, str]
    notes: tuple[str, ...]

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """What the header says of each tensor, by name."""
        return {entry.name: entry for entry in self.shard.entries}

    @cached_property
    def digest(self) -> str:
        """SHA-256 over every setting and tensor that the merge depends on; not over the path."""
        tensors = [
            [entry.name, entry.dtype, entry.shape, self.tensor_digests[entry.name]]
            for entry in sorted(self.shard.entries, key=lambda entry: entry.name)
        ]
        text = json.dumps([self.lora.content, tensors])  # the order of patterns has an effect
        return hashlib.sha256(text.encode()).hexdigest()

    def tensor(self, name: str) -> Tensor:
        """One tensor, in the type it is stored in.

        Raises:
            IntegrityError: the file is not what it was when it was checked.
        """
        entry = self.entries[name]
        with self.shard.path.open("rb") as file:
            file.seek(entry.start)
            raw = bytearray(file.read(entry.end - entry.start))
        if hashlib.sha256(raw).hexdigest() != self.tensor_digests[name]:
            raise IntegrityError(
                f"tensor {shown(name)} of {shown(self.shard.path)} changed since it was checked: "
                "run this again"
            )
        return torch.frombuffer(raw, dtype=_TORCH[entry.dtype]).reshape(entry.shape)


def read_adapter(folder: Path) -> Adapter:
    """Read and check an adapter's settings and every byte of its weights.

    Only `adapter_config.json` and `adapter_model.safetensors` are opened here; nothing is executed.
    A tokenizer beside them is read by `tokenizer_folder`.

    Raises:
        InputRejectedError: one of the two files is missing, malformed or a link that leaves the
            folder; the adapter is not plain LoRA; or a setting cannot be understood.
        IntegrityError: a value is not finite.
    """
    if not folder.is_dir():
        raise InputRejectedError(f"adapter folder {shown(folder)} does not exist: check the path")
    try:
        return _read(folder.resolve())
    except PermissionError as error:
        raise InputRejectedError(
            f"{shown(error.filename or folder)} may not be read: change its permissions or copy it"
        ) from error


def _read(folder: Path) -> Adapter:
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).exists() and not (folder / name).is_symlink():
            raise InputRejectedError(
                f"{shown(folder)} has no {name}, so it is no adapter that can be read (a pickled "
                "adapter_model.bin is never opened): save the adapter with PEFT's save_pretrained "
                "and pass that folder"
            )
    config = read_json(folder / CONFIG)
    _require_plain_lora(folder, config)
    lora = lora_of(folder, config)
    shard = _without_adapter_name(read_shard(folder / WEIGHTS))
    for entry in shard.entries:
        if entry.dtype not in _TORCH:
            raise InputRejectedError(
                f"tensor {shown(entry.name)} of {shown(shard.path)} is {entry.dtype}, which is no "
                "floating-point type: save the adapter in float32, bfloat16 or float16"
            )
    file_digest, tensor_digests = digest(shard)
    base = config.get("base_model_name_or_path")
    return Adapter(
        folder=folder,
        lora=lora,
        base=base if isinstance(base, str) and base else None,
        shard=shard,
        file_digest=file_digest,
        tensor_digests=tensor_digests,
        notes=_notes(folder, config),
    )


def _without_adapter_name(shard: Shard) -> Shard:
    """A state dict saved by hand calls its adapter by PEFT's own name, "default", in every key."""
    names = [_DEFAULT.sub(r"\1", entry.name) for entry in shard.entries]
    if len(set(names)) < len(names):
        return shard
    entries = zip(shard.entries, names, strict=True)
    return replace(shard, entries=tuple(replace(entry, name=name) for entry, name in entries))


def _notes(folder: Path, config: dict[str, Any]) -> tuple[str, ...]:
    notes = []
    known = {*_OTHER_METHODS, *_WITHOUT_EFFECT, *Lora.__dataclass_fields__}
    unknown = sorted(key for key, value in config.items() if value and key not in known)
    if unknown:
        notes.append(
            f"settings of the adapter that are not known here and have no effect: "
            f"{', '.join(map(shown, unknown[:10]))}"
        )
    if (folder / "chat_template.jinja").exists() and not has_vocabulary(folder):
        notes.append(
            "the adapter's folder holds a chat template without a tokenizer, which is not used; "
            "--chat-template FILE replaces the base model's template"
        )
    return tuple(notes)


def _require_plain_lora(folder: Path, config: dict[str, Any]) -> None:
    kind = config.get("peft_type")
    if kind != "LORA":
        raise unsupported(folder, f"is of the type {shown(kind)}")
    for key, method in _OTHER_METHODS.items():
        if config.get(key):
            raise unsupported(folder, f"uses {method}")
    start = config.get("init_lora_weights")
    if start not in _PLAIN_STARTS:
        raise unsupported(folder, f"was initialised by changing the base ({shown(start)})")


def unsupported(folder: Path, what: str) -> InputRejectedError:
    """The refusal of an adapter that PEFT can merge and this package cannot."""
    return InputRejectedError(
        f"adapter {shown(folder)} {what}, and only plain LoRA is applied here: merge it with "
        "PEFT's merge_and_unload, save that with save_pretrained, and pass the folder"
    )
