"""A PEFT adapter as it lies on disk: two files, read as untrusted data."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from safebasin.errors import InputRejectedError, IntegrityError
from safebasin.models.configuration import read_json
from safebasin.models.shards import Entry, Shard, digest, read_shard
from safebasin.models.shown import shown

CONFIG = "adapter_config.json"
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
    "target_parameters": "LoRA on parameters (target_parameters, as of experts)",
    "trainable_token_indices": "trainable tokens",
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
class Lora:
    """The settings that decide what an adapter changes; the fields are PEFT's, by their names.

    A string in `target_modules` or `exclude_modules` is a regular expression or "all-linear", a
    tuple holds module names or their ends; the keys of the patterns are regular expressions.
    """

    target_modules: str | tuple[str, ...]
    exclude_modules: str | tuple[str, ...] = ()
    modules_to_save: tuple[str, ...] = ()
    layers_to_transform: tuple[int, ...] = ()
    layers_pattern: tuple[str, ...] = ()
    r: int = 8
    lora_alpha: float = 8
    rank_pattern: dict[str, int] = field(default_factory=dict)
    alpha_pattern: dict[str, float] = field(default_factory=dict)
    use_rslora: bool = False
    lora_bias: bool = False


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
        text = json.dumps([asdict(self.lora), tensors])  # the order of patterns has an effect
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

    Only `adapter_config.json` and `adapter_model.safetensors` are opened; nothing is executed.

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
    lora = _Fields(folder, config).lora()
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
    if any((folder / name).exists() for name in ("tokenizer_config.json", "chat_template.jinja")):
        notes.append(
            "the adapter's folder holds a tokenizer or chat template of its own, which is not "
            "used; --chat-template FILE replaces the base model's template"
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


class _Fields:
    """Settings from a JSON object, each of the type that it must have."""

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        self._folder, self._config = folder, config

    def lora(self) -> Lora:
        targets = self._set("target_modules")
        if not targets:
            raise self._wrong("target_modules")
        return Lora(
            target_modules=targets,
            exclude_modules=self._set("exclude_modules"),
            modules_to_save=self._names("modules_to_save"),
            layers_to_transform=self._numbers("layers_to_transform"),
            layers_pattern=self._names("layers_pattern"),
            r=self._rank("r", self._config.get("r", 8)),
            lora_alpha=self._alpha("lora_alpha", self._config.get("lora_alpha", 8)),
            rank_pattern={key: self._rank(key, r) for key, r in self._table("rank_pattern")},
            alpha_pattern={key: self._alpha(key, a) for key, a in self._table("alpha_pattern")},
            use_rslora=bool(self._config.get("use_rslora")),
            lora_bias=bool(self._config.get("lora_bias")),
        )

    def _set(self, key: str) -> str | tuple[str, ...]:
        """PEFT writes these in no order, so that the same settings differ from file to file."""
        value = self._config.get(key)
        return value if isinstance(value, str) else tuple(sorted(self._names(key)))

    def _names(self, key: str) -> tuple[str, ...]:
        value = self._config.get(key) or []
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise self._wrong(key)
        return tuple(items)

    def _numbers(self, key: str) -> tuple[int, ...]:
        value = self._config.get(key)
        items = [value] if type(value) is int else value or []
        if not isinstance(items, list) or not all(type(item) is int for item in items):
            raise self._wrong(key)
        return tuple(items)

    def _table(self, key: str) -> list[tuple[str, Any]]:
        value = self._config.get(key) or {}
        if not isinstance(value, dict):
            raise self._wrong(key)
        return list(value.items())

    def _rank(self, key: str, value: Any) -> int:
        if type(value) is not int or not 0 < value < 1 << 31:
            raise self._wrong(key)
        return value

    def _alpha(self, key: str, value: Any) -> float:
        if type(value) not in (int, float) or not -1e30 < value < 1e30:
            raise self._wrong(key)
        return value  # type: ignore[no-any-return]

    def _wrong(self, key: str) -> InputRejectedError:
        return InputRejectedError(
            f"{shown(self._folder / CONFIG)} has no valid {shown(key)}: save the adapter again "
            "with PEFT's save_pretrained"
        )
