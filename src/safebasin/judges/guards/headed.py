"""A sequence classifier from a folder: checked as `models.check` checks models that write."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from safebasin.errors import InputRejectedError, ResourceError
from safebasin.models.check import settings_of
from safebasin.models.configuration import read_config
from safebasin.models.load import DTYPES
from safebasin.models.private import private
from safebasin.models.shards import digest, find_shards
from safebasin.models.shown import shown
from safebasin.models.surroundings import available, quiet_and_offline

_FLOATING = {"F64": "float32", "F32": "float32", "BF16": "bfloat16", "F16": "float16"}


@dataclass(frozen=True)
class Headed:
    """A classifier in evaluation mode.

    Attributes:
        model: the transformers model.
        tokenizer: the transformers tokenizer; it pads and cuts on the right.
    """

    model: Any
    tokenizer: Any


def labels_of(folder: Path) -> list[str]:
    """The names of a classifier's outputs, in order; only settings are read.

    Raises:
        InputRejectedError: this is no classifier of two or more exclusive labels that the
            installed transformers knows.
    """
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES as KNOWN,
    )

    config = read_config(folder)
    declared = config.get("architectures")
    listed = declared if isinstance(declared, list) else []
    if config.get("model_type") not in KNOWN or KNOWN[config["model_type"]] not in listed:
        raise InputRejectedError(
            f"{shown(folder)} is a {shown(listed[0] if listed else config.get('model_type'))}, not "
            "a sequence classifier that the installed transformers knows: pass one"
        )
    if config.get("problem_type") == "multi_label_classification":
        raise InputRejectedError(
            f"{shown(folder)} gives several labels at once, which no label map makes one of: pass "
            "a classifier whose labels exclude each other"
        )
    named = config.get("id2label")
    names = list(named.values()) if isinstance(named, dict) else ["LABEL_0", "LABEL_1"]
    keys = list(named) if isinstance(named, dict) else ["0", "1"]
    in_order = sorted(keys) == sorted(map(str, range(len(keys))))
    if len(names) < 2 or not in_order or not all(isinstance(name, str) for name in names):
        raise InputRejectedError(
            f"config.json of {shown(folder)} does not name two or more labels by number "
            "(id2label): pass a classifier that does"
        )
    return [names[keys.index(str(number))] for number in range(len(keys))]


def digest_of(folder: Path) -> str:
    """A hash over weights and settings, every byte of which is read and checked.

    Raises:
        InputRejectedError, IntegrityError: the weights are missing, malformed or not finite.
    """
    total = hashlib.sha256()
    for shard in find_shards(folder):
        total.update(f"{shard.path.name} {digest(shard)[0]}\n".encode())
    for path in settings_of(folder):
        total.update(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def load_headed(folder: Path, *, name: str, device: str, dtype: str) -> Headed:
    """Load a classifier whose files were checked.

    Args:
        folder: where it is.
        name: what it is called in messages.
        device: "auto" or a name that torch knows.
        dtype: "auto" (float32 on the CPU, elsewhere what the checkpoint holds) or one of `DTYPES`.

    Raises:
        InputRejectedError: it does not load, or the weights lack what the architecture needs.
        ResourceError: the device is not there, or memory is short.
    """
    place = available(device)
    if dtype == "auto":
        stored = next(
            (_FLOATING[entry.dtype] for shard in find_shards(folder) for entry in shard.entries
             if entry.dtype in _FLOATING), "float32"
        )  # fmt: skip
        dtype = "float32" if place.type == "cpu" else stored
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    try:
        shards = [shard.path for shard in find_shards(folder)]
        with quiet_and_offline(), private(shards, settings_of(folder)) as place_of_files:
            tokenizer = AutoTokenizer.from_pretrained(
                place_of_files, local_files_only=True, trust_remote_code=False
            )
            model, report = AutoModelForSequenceClassification.from_pretrained(
                place_of_files,
                dtype=DTYPES[dtype],
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                ignore_mismatched_sizes=True,
                output_loading_info=True,
            )
        lacking = sorted(report["missing_keys"]) + sorted(k for k, *_ in report["mismatched_keys"])
        model = model.eval().requires_grad_(False).to(place)
    except torch.OutOfMemoryError as error:
        raise ResourceError(f"{shown(name)} does not fit into memory: use --device cpu") from error
    except Exception as error:
        raise InputRejectedError(
            f"{shown(name)} does not load as a sequence classifier ({shown(error)}): check that "
            "config.json and tokenizer belong to these weights"
        ) from error
    if lacking:
        raise InputRejectedError(
            f"{shown(name)} lacks {len(lacking)} tensors, as {shown(lacking[0])}: pass a "
            "checkpoint whose classification head was trained"
        )
    return Headed(_padded(model, tokenizer), tokenizer)


def _padded(model: Any, tokenizer: Any) -> Any:
    """Heads on decoders read at the last token that is not padding, so they must know it."""
    tokenizer.padding_side = tokenizer.truncation_side = "right"
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    model.config.get_text_config().pad_token_id = tokenizer.pad_token_id
    model.config.pad_token_id = tokenizer.pad_token_id
    return model
