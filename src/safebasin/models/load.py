"""From a name to a model that is ready to be moved and asked: check first, then load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from safebasin.errors import InputRejectedError, IntegrityError, ResourceError, UsageError
from safebasin.memory import ran_out, wanted
from safebasin.models.adapter import apply
from safebasin.models.adapterfile import Adapter, read_adapter
from safebasin.models.among import together
from safebasin.models.chat import ChatTemplate
from safebasin.models.check import CheckedCheckpoint, as_checked, check
from safebasin.models.compared import require_same_weights
from safebasin.models.ends import end_ids, pad_id
from safebasin.models.generation import Generation, generation
from safebasin.models.resolve import Folders, resolve_both
from safebasin.models.shown import first_ten, shown
from safebasin.models.surroundings import available, quiet_and_offline
from safebasin.models.thinking import Thinking, thinking
from safebasin.models.tokenizer_folder import read_tokenizer, tokenizer_for
from safebasin.models.trial import require_buildable
from safebasin.records import ModelRef
from safebasin.weights.parameters import silent

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_STORED = {"F64": "float32", "F32": "float32", "BF16": "bfloat16", "F16": "float16"}


@dataclass(frozen=True)
class LoadedModel:
    """A model in evaluation mode, with everything needed to talk to it.

    Attributes:
        ref: the name it was asked for by.
        folder: where its files are; with an adapter, those of its base.
        base: the model that an adapter was put over, by name; without one, the model itself.
        adapter: the adapter's folder, also where `ref` names that folder alone.
        checked: what the gate found, with the digest of the weights (and of the adapter).
        model: the transformers model, an adapter merged; no parameter requires a gradient.
        tokenizer: the transformers tokenizer.
        chat: the chat template.
        generation: what is asked of its answers beside the prompts.
        thinking: how its thoughts are told from its answers.
        device: where the model is.
        dtype: "float32", "bfloat16" or "float16".
        end_ids: token ids that end a response.
        pad_id: token id for padding, which attention masks hide.
        notes: what a person should know, in sentences.
    """

    ref: ModelRef
    folder: Path
    base: ModelRef
    adapter: Path | None
    checked: CheckedCheckpoint
    model: Any
    tokenizer: Any
    chat: ChatTemplate
    generation: Generation
    thinking: Thinking
    device: torch.device
    dtype: str
    end_ids: frozenset[int]
    pad_id: int
    notes: tuple[str, ...]

    @property
    def machine(self) -> str:
        """The kind of machine that computes, a GPU's name or "cpu": others may round otherwise."""
        if self.device.type == "cuda":
            return torch.cuda.get_device_name(self.device)
        return str(self.device.type)


def load(
    ref: ModelRef,
    *,
    device: str = "auto",
    dtype: str = "auto",
    chat_template: Path | None = None,
    template_args: Mapping[str, Any] | None = None,
    thoughts: str | None = None,
) -> LoadedModel:
    """Resolve, check and load a model, its adapter merged as PEFT would, and try its chat template.

    Args:
        ref: what to load.
        device: "auto" (an NVIDIA GPU if there is one, else the CPU) or a name that torch knows.
        dtype: "auto" (float32 on the CPU; on a GPU bfloat16, or float16 for a checkpoint that
            holds mostly that), "float32", "bfloat16" or "float16".
        chat_template: a Jinja file to use instead of the tokenizer's own template.
        template_args: what the template is given beside the messages, as `enable_thinking`.
        thoughts: markers of thoughts; see `thinking.thinking`.

    Raises:
        UsageError: an unknown dtype, an argument that the template has not, or no two markers.
        InputRejectedError: the checkpoint, tokenizer or template is not fit to be used.
        IntegrityError: weights that are not finite, on disk or in the chosen dtype.
        ResourceError: the device is not there, or memory or the hub is out of reach.
    """
    place, name = available(device), str(ref)
    folders, base, checked, adapter = _files(ref)
    chosen = _dtype(dtype, base, place)
    with quiet_and_offline(), as_checked(base) as folder:
        require_buildable(folder, base.settings_digest, base.parameters, name)
        tokenizer = tokenizer_for(checked) if checked.speaks else read_tokenizer(folder, name)
        model, notes = _model(folder, base, name, DTYPES[chosen])
        compared = require_same_weights(model, base, name)
    if adapter is not None:
        apply(adapter, model)
    rows = _vocabulary(model, tokenizer, name)
    ends = end_ids(checked.folder, tokenizer, rows, name)
    pad, pad_notes = pad_id(tokenizer, ends, rows)
    asked, asked_notes = generation(model.generation_config, ends, name, rows)
    chat = ChatTemplate(
        tokenizer, model=name, file=chat_template, vocabulary=rows, arguments=template_args
    )
    return LoadedModel(
        ref=ref,
        folder=checked.folder,
        base=folders.base,
        adapter=folders.adapter,
        checked=checked,
        model=_moved(model, place, name),
        tokenizer=tokenizer,
        chat=chat,
        generation=asked,
        thinking=thinking(tokenizer, chat.text, chat.probe, thoughts),
        device=place,
        dtype=chosen,
        end_ids=ends,
        pad_id=pad,
        notes=(*checked.notes, *notes, *compared, *pad_notes, *asked_notes, *chat.notes),
    )


def _files(
    ref: ModelRef,
) -> tuple[Folders, CheckedCheckpoint, CheckedCheckpoint, Adapter | None]:
    """What the gate let through: the base alone, what it is with the adapter, and the adapter."""
    folders = resolve_both(ref)
    source = folders.base.source
    adapter = None if folders.adapter is None else read_adapter(folders.adapter)
    checked = check(folders.model)
    if adapter is None:
        return folders, checked, checked, None
    if ref.adapter is None:
        note = f"an adapter alone: it was put over {shown(source)}, the base that its settings name"
        adapter = replace(adapter, base=None, notes=(note, *adapter.notes))
    return folders, checked, together(checked, adapter, source), adapter


def _dtype(asked: str, checked: CheckedCheckpoint, device: torch.device) -> str:
    if asked == "auto":
        return _natural_dtype(checked, device)
    if asked not in DTYPES:
        raise UsageError(f"dtype {shown(asked)} is not one of auto, {', '.join(DTYPES)}")
    return asked


def _natural_dtype(checked: CheckedCheckpoint, device: torch.device) -> str:
    """On a GPU bfloat16, which has the range of float32; what is stored as float16 stays that."""
    if device.type == "cpu":
        return "float32"
    stored = _STORED[checked.dtypes[0][0]]
    if stored == "float16":
        return stored
    return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"


def _model(
    folder: Path, checked: CheckedCheckpoint, name: str, dtype: torch.dtype
) -> tuple[Any, tuple[str, ...]]:
    from transformers import AutoModelForCausalLM

    try:
        model, report = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=dtype,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            ignore_mismatched_sizes=True,  # so that the report below can name what does not fit
            output_loading_info=True,
        )
    except Exception as error:
        if ran_out(error):
            raise ResourceError(
                f"{shown(name)} does not fit into memory{wanted(error)}: use a smaller model"
            ) from error
        raise InputRejectedError(
            f"{shown(name)} does not load as {checked.architecture} ({shown(error)}): check that "
            "config.json belongs to these weights"
        ) from error
    _require_complete(report, checked, name)
    _require_movable(model, name, checked_range=dtype != torch.float16)
    model.eval().requires_grad_(False)
    unexpected = sorted(report["unexpected_keys"])
    unused = f"{len(unexpected)} tensors of the checkpoint are not used: {first_ten(unexpected)}"
    return model, ((unused,) if unexpected else ()) + _still(model)


def _still(model: Any) -> tuple[str, ...]:
    """What of a network with more than a text part stays where it is."""
    names = silent(model)
    if not names:
        return ()
    every = {name: parameter.numel() for name, parameter in model.named_parameters()}
    share = sum(every[name] for name in names) / sum(every.values())
    parts = sorted({".".join(name.split(".")[:2]) for name in names})
    return (
        f"random directions do not move {first_ten(parts)} ({share:.1%} of the parameters): an "
        "answer to a text does not go through them",
    )


def _require_complete(report: dict[str, Any], checked: CheckedCheckpoint, name: str) -> None:
    """A tensor that the checkpoint lacks would be filled with fresh random values."""
    missing = sorted(report["missing_keys"])
    mismatched = sorted(key for key, *_ in report["mismatched_keys"])
    for keys, what in ((missing, "lacks"), (mismatched, "has in another shape")):
        if keys:
            raise InputRejectedError(
                f"{shown(name)} {what} {len(keys)} tensors that {checked.architecture} needs "
                f"({first_ten(keys)}): check that config.json belongs to these weights"
            )


def _require_movable(model: Any, name: str, *, checked_range: bool) -> None:
    """Every parameter is floating-point, and finite where the dtype could have changed that."""
    for key, parameter in model.named_parameters():
        if not parameter.is_floating_point() or parameter.element_size() < 2:
            raise InputRejectedError(
                f"parameter {shown(key)} of {shown(name)} is {parameter.dtype}, a quantised type: "
                "pass the float32, bfloat16 or float16 checkpoint it was made from"
            )
        if not checked_range and not bool(torch.isfinite(parameter).all()):
            raise IntegrityError(
                f"parameter {shown(key)} of {shown(name)} is too large for float16: use --dtype "
                "bfloat16 or float32"
            )


def _vocabulary(model: Any, tokenizer: Any, name: str) -> int:
    """How many tokens have an embedding.

    Tokens without one are refused, but for added ones that no prompt may ever use: Gemma 3, for
    one, ships text models whose tokenizer has one image token too many. A padding token needs none
    either: masks hide it.
    """
    rows = int(model.get_input_embeddings().weight.shape[0])
    added = set(tokenizer.get_added_vocab())
    needed = {tokenizer.bos_token, tokenizer.eos_token}
    homeless = sorted(
        token
        for token, index in tokenizer.get_vocab().items()
        if index >= rows and (token not in added or token in needed)
    )
    if homeless:
        raise InputRejectedError(
            f"the tokenizer of {shown(name)} has {len(homeless)} tokens beyond the model's {rows} "
            f"embeddings, as {shown(homeless[0])}: tokenizer and weights are from different models"
        )
    return rows


def _moved(model: Any, device: torch.device, name: str) -> Any:
    try:
        return model.to(device)
    except torch.OutOfMemoryError as error:
        raise ResourceError(
            f"{shown(name)} does not fit into the memory of {device}: use --dtype bfloat16, a "
            "smaller model or --device cpu"
        ) from error
