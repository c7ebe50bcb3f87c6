"""Buffers that differ between checkpoints, such as a router's trained bias, made to move."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn

from safebasin.weights.parameters import mark_as_buffer


def travelling(model: nn.Module, names: Iterable[str]) -> None:
    """Turn buffers of a network into parameters, so that a way to a checkpoint moves them too.

    A random direction goes on leaving them in place.

    Args:
        model: changed in place; it computes what it did.
        names: of floating-point buffers; those that are parameters already are left alone.
    """
    for name in names:
        prefix, _, own = name.rpartition(".")
        module = model.get_submodule(prefix)
        if own in module._buffers:
            value = module._buffers.pop(own)
            assert value is not None, "a buffer that was stored has a value"
            parameter = nn.Parameter(value, requires_grad=False)
            mark_as_buffer(parameter)
            module.register_parameter(own, parameter)
