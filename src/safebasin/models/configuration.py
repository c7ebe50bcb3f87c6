"""What a checkpoint's JSON files may say: settings, and never a pointer to code."""

from __future__ import annotations

import difflib
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from safebasin.errors import InputRejectedError
from safebasin.models.shown import shown

MAX_CONFIG_BYTES = 16 << 20
_CAUSAL_ENDINGS = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")


def read_json(path: Path, *, max_bytes: int = MAX_CONFIG_BYTES) -> dict[str, Any]:
    """A JSON object from a regular file inside the checkpoint.

    Raises:
        InputRejectedError: missing, not a regular file, a link that leaves the checkpoint, longer
            than `max_bytes`, not UTF-8 JSON, or not an object.
    """
    require_inside(path)
    if path.stat().st_size > max_bytes:
        raise InputRejectedError(
            f"{shown(path)} is larger than {max_bytes >> 20} MB: this is not a model's settings "
            "file"
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputRejectedError(
            f"{shown(path)} is not valid JSON ({shown(error)}): download or save the model again"
        ) from error
    if not isinstance(content, dict):
        raise InputRejectedError(
            f"{shown(path)} is not a JSON object: download or save the model again"
        )
    return content


def require_inside(path: Path) -> None:
    """Refuse a file that is not a regular one, or a link to somewhere else.

    A hub cache is made of links from `snapshots/COMMIT` into its own `blobs`; those are followed.
    """
    folder = path.parent.resolve()
    target = path.resolve()
    repository = folder.parent.parent
    blobs = repository / "blobs" if folder.parent.name == "snapshots" else folder
    if target.parent not in (folder, blobs):
        raise InputRejectedError(
            f"{shown(path)} is a link to {shown(target)}, outside the checkpoint: copy the file "
            "itself into the folder"
        )
    try:
        mode = target.stat().st_mode
    except OSError as error:
        raise InputRejectedError(
            f"{shown(path)} is missing or cannot be read: download or save the model again"
        ) from error
    if not stat.S_ISREG(mode):
        raise InputRejectedError(
            f"{shown(path)} is not a regular file: download or save the model again"
        )


def read_config(folder: Path) -> dict[str, Any]:
    """The model's `config.json`, after every settings file of the folder was found harmless.

    Raises:
        InputRejectedError: no `config.json`; a settings file names remote code, asks for trust or
            for kernels from the hub; the weights are quantised; the folder holds an adapter.
    """
    if (folder / "adapter_config.json").exists():
        raise InputRejectedError(
            f"{shown(folder)} holds an adapter (adapter_config.json), not a whole model: pass "
            "BASE+FOLDER, where BASE is the model that it was trained on, or remove that file if "
            "the folder is a model"
        )
    if not (folder / "config.json").exists():
        raise InputRejectedError(
            f"{shown(folder)} has no config.json: pass the folder that save_pretrained wrote or "
            "that `hf download` returned"
        )
    for path in sorted(folder.glob("*config*.json")):
        if path.name != "config.json":
            _refuse_code(path, read_json(path))
    config = read_json(folder / "config.json")
    _refuse_code(folder / "config.json", config)
    for key, value in walk(config):
        if key in ("quantization_config", "compression_config") and value:
            method = value.get("quant_method") if isinstance(value, dict) else None
            raise InputRejectedError(
                f"{shown(folder)} is quantised ({shown(method or key)}): a quantised weight cannot "
                "be moved by a small amount; pass the float32, bfloat16 or float16 checkpoint it "
                "was made from"
            )
    return config


def _refuse_code(path: Path, content: dict[str, Any]) -> None:
    for key, value in walk(content):
        if key == "trust_remote_code" and value:
            raise InputRejectedError(
                f"{shown(path)} asks to run the checkpoint's own code ({key}), which safebasin "
                "never does: use a version of the model whose architecture is part of transformers"
            )
        if key.endswith(("attn_implementation", "experts_implementation")) and "/" in str(value):
            raise InputRejectedError(
                f"{shown(path)} asks for a kernel from the hub ({shown(value)}), which is code: "
                f"remove {shown(key)} from the file"
            )


def walk(content: Any) -> Iterator[tuple[str, Any]]:
    """Every key and value, at any depth."""
    waiting = [content]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield from item.items()
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def architecture_of(folder: Path, config: dict[str, Any]) -> tuple[str, str]:
    """(architecture, model_type), both known to transformers as a causal language model.

    Raises:
        InputRejectedError: no `model_type`, an unknown one (near matches are listed), or a head
            that does not generate text, as of a classifier or a reward model.
    """
    model_type = config.get("model_type")
    if not isinstance(model_type, str) or not model_type:
        raise InputRejectedError(
            f"{shown(folder / 'config.json')} has no model_type: save the model again with "
            "save_pretrained"
        )
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as KNOWN

    if model_type not in KNOWN:
        near = difflib.get_close_matches(model_type, KNOWN, n=3)
        hint = f"the nearest that are: {', '.join(near)}" if near else "none has a similar name"
        raise InputRejectedError(
            f"{shown(folder)} is of type {shown(model_type)}, which the installed transformers "
            f"does not know as a causal language model ({hint}); a newer transformers may"
        )
    names = KNOWN[model_type]
    mapped = (names,) if isinstance(names, str) else tuple(names)
    declared = config.get("architectures")
    listed = (
        [name for name in declared if isinstance(name, str)] if isinstance(declared, list) else []
    )
    if listed and not any(name in mapped or name.endswith(_CAUSAL_ENDINGS) for name in listed):
        raise InputRejectedError(
            f"{shown(folder)} is a {shown(listed[0])}, which does not generate text: pass a "
            f"checkpoint saved as {mapped[0]}"
        )
    return mapped[0], model_type
