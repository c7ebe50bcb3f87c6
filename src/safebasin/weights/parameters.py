"""Which tensors of a network a direction moves."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from safebasin.errors import InputRejectedError
from safebasin.points import Skip


def movable(
    model: nn.Module, skip: Skip = "norms", *, everywhere: bool = False
) -> dict[str, nn.Parameter]:
    """The parameters that move, by name, in the network's own order.

    A tied tensor appears once, under its first name; buffers and empty tensors never move. The
    names are those of `named_parameters`, so they do not depend on how a checkpoint is sharded.

    Args:
        model: any network with floating-point parameters.
        skip: "norms" leaves the parameters of normalisation layers (as published), "vectors" every
            parameter of fewer than two dimensions, "none" nothing.
        everywhere: whether what `silent` names moves too, and buffers that were made parameters,
            as on a way to another checkpoint.

    Raises:
        InputRejectedError: a parameter is not floating-point (quantised), or two parameters share
            memory without being the same parameter, so that moving one would move the other twice.
    """
    still = _norm_parameters(model) if skip == "norms" else set()
    still |= set() if everywhere else silent(model) | _once_buffers(model)
    chosen: dict[str, nn.Parameter] = {}
    owner: dict[int, str] = {}
    for name, parameter in model.named_parameters():
        if not parameter.is_floating_point() or parameter.element_size() < 2:
            raise InputRejectedError(
                f"parameter {name} is {parameter.dtype}: a quantised weight cannot be moved by a "
                "small amount; load the checkpoint in float32, bfloat16 or float16"
            )
        start = parameter.untyped_storage().data_ptr()
        other = owner.setdefault(start, name)
        if other != name and start:
            raise InputRejectedError(
                f"parameters {other} and {name} share memory without being tied; "
                "save the model again with save_pretrained and pass that folder"
            )
        vector = parameter.dim() < 2
        if parameter.numel() and name not in still and not (skip == "vectors" and vector):
            chosen[name] = parameter
    return chosen


def mark_as_buffer(parameter: nn.Parameter) -> None:
    """Random directions leave it in place, as they would if it were still a buffer."""
    parameter.once_buffer = True  # type: ignore[attr-defined]


def _once_buffers(model: nn.Module) -> set[str]:
    return {name for name, p in model.named_parameters() if getattr(p, "once_buffer", False)}


def silent(model: nn.Module) -> set[str]:
    """Names of the parameters that no answer to a text goes through: towers for images and sound.

    In a network with a text part they are all but that part's and the embeddings'.
    """
    config: Any = getattr(model, "config", None)
    decoder: Any = getattr(model, "get_decoder", None)
    if not hasattr(config, "get_text_config") or decoder is None:
        return set()
    text, part = config.get_text_config(), decoder()
    if text is config or not isinstance(getattr(part, "config", None), type(text)):
        return set()
    ends = (model.get_input_embeddings(), model.get_output_embeddings())  # type: ignore[operator]
    heard = {id(p) for one in (part, *ends) if one is not None for p in one.parameters()}
    return {name for name, p in model.named_parameters() if id(p) not in heard}


def rows(tensor: Tensor) -> Tensor:
    """The tensor as a matrix with one row per output unit; a vector or scalar is one row."""
    return tensor.reshape(-1, tensor.shape[-1]) if tensor.dim() > 1 else tensor.reshape(1, -1)


def _norm_parameters(model: nn.Module) -> set[str]:
    """Names of parameters that belong to a normalisation layer, whatever the family calls it.

    The published code looks for "norm" in the parameter's name, which misses GPT-2's `ln_f` and
    GPT-NeoX's `post_attention_layernorm` only by luck; the class of the module is surer.
    """
    return {
        f"{prefix}.{name}" if prefix else name
        for prefix, module in model.named_modules()
        if "norm" in type(module).__name__.lower()
        for name, _ in module.named_parameters(recurse=False)
    }
