"""The tokens that a network can read and say where it stands, if they are not its own.

The network has a row for each token of the first model, and these alone are moved. While it stands
at a checkpoint with more tokens, rows of that checkpoint come after them; at one with fewer, the
output head ends earlier. So the logits are those of the checkpoint by itself, and the first model
is never touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from safebasin.engines.talk import Lent, Talk
from safebasin.models.vocabulary import Resized, size_of, tables
from safebasin.points import Displacement
from safebasin.weights.given import Given, Towards


@contextmanager
def speaking(model: Any, talk: Talk, given: Mapping[Displacement, Given]) -> Iterator[bool]:
    """The network has the tokens of a talk inside the block.

    Args:
        model: standing where the talk is its own.
        talk: how it talks there.
        given: what displacements stand for, as those of the tokens that are lent.

    Yields:
        Whether anything changed: what was recorded of the network is no longer true then.
    """
    own = size_of(model)
    if talk.size in (None, own):
        yield False
        return
    assert talk.size is not None
    longer = {
        name: _longer(name, table, talk, given) if talk.lent else table
        for name, table in tables(model).items()
    }
    with _replaced(model, longer, talk.size), _silent(model, _unknown(own, talk)):
        yield True


def _longer(name: str, table: Tensor, talk: Talk, given: Mapping[Displacement, Given]) -> Tensor:
    """A table with the entries that are lent; the others are zero."""
    own, size = len(table), talk.size or 0
    more = torch.zeros(size - own, *table.shape[1:])
    for lent in talk.lent:
        entries = _entries(given[lent.way], name)
        part = _part(lent, own, len(entries))
        more[part] += lent.share * entries[part].float().cpu()
    return torch.cat([table, more.to(table.device, table.dtype)])


def _entries(given: Given, name: str) -> Tensor:
    assert isinstance(given, Towards), "tokens are lent by checkpoints"
    assert isinstance(given.target, Resized), "which have more of them"
    return given.target.beyond(name)


def _part(lent: Lent, own: int, count: int) -> slice:
    if lent.token is None:
        return slice(0, count)
    return slice(lent.token - own, lent.token - own + 1)


def _unknown(own: int, talk: Talk) -> list[int]:
    """Tokens that have a logit only because one beyond them has."""
    if any(each.token is None for each in talk.lent):
        return []
    return sorted(set(range(own, talk.size or own)) - {each.token for each in talk.lent})


@contextmanager
def _replaced(model: Any, longer: Mapping[str, Tensor], size: int) -> Iterator[None]:
    """Embeddings of everything that can be read, and a head for the first `size` tokens."""
    head, reading = model.get_output_embeddings(), model.get_input_embeddings()
    named = {id(parameter): name for name, parameter in model.named_parameters()}
    places = [(reading, "weight", None), (head, "weight", size), (head, "bias", size)]
    before: list[tuple[Any, str, nn.Parameter]] = []
    try:
        for module, leaf, end in places:
            parameter = getattr(module, leaf, None)
            name = named.get(id(parameter), "")
            if parameter is not None and name in longer:
                before.append((module, leaf, parameter))
                fresh = nn.Parameter(longer[name][:end], requires_grad=False)
                setattr(module, leaf, fresh)
        yield
    finally:
        for module, leaf, parameter in before:
            setattr(module, leaf, parameter)


@contextmanager
def _silent(model: Any, tokens: list[int]) -> Iterator[None]:
    """Tokens that are never said, whatever stands before them."""
    if not tokens:
        yield
        return

    places = torch.tensor(tokens, device=next(model.parameters()).device)

    def hush(_module: Any, _inputs: Any, output: Any) -> None:
        logits = output.logits
        logits.index_fill_(-1, places, torch.finfo(logits.dtype).min)  # finite: nothing has failed

    handle = model.register_forward_hook(hush)
    try:
        yield
    finally:
        handle.remove()
