"""Whether checkpoints can be the ends of one line: the same tensors, types, tokens and code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

from safebasin.errors import InputRejectedError
from safebasin.models.check import CheckedCheckpoint
from safebasin.models.configuration import read_json
from safebasin.models.load import LoadedModel
from safebasin.models.shards import Entry, Shard, find_shards
from safebasin.models.shown import shown
from safebasin.models.tensors import live_names, owners
from safebasin.models.tokenizer_folder import tokenizer_for, vocabulary_files
from safebasin.models.vocabulary import resized, size_of, tables

_LISTED = 10
_RENAMED = 64
"""Ids that may have other tokens: fine-tunes rename spare ones; more is another tokenizer."""
_HARMLESS = {
    *("_name_or_path", "transformers_version", "torch_dtype", "dtype", "use_cache"),
    *("bos_token_id", "eos_token_id", "pad_token_id", "vocab_size"),
}
"""Keys of config.json that change nothing in the network."""


def require_alike(
    first: LoadedModel,
    others: Sequence[LoadedModel | CheckedCheckpoint],
    names: Sequence[str] = (),
) -> tuple[str, ...]:
    """Refuse checkpoints between which there is no line; the first one's network is the one moved.

    Stored tensors are compared by their headers; a tied tensor may be stored once or twice, in any
    floating-point type, and under any name that the loader understands. Of others that are not
    loaded, no weight is read but those of buffers: those that differ are made to travel the line
    with the parameters (see `buffers.travelling`), and must be floating-point for it.

    Args:
        first: the origin, whose tokenizer, chat template and settings are used everywhere.
        others: what the ways lead to, loaded or only checked.
        names: of the others, where their folders do not tell them apart, as adapters over one base.

    Returns:
        What a person should know, in sentences: checkpoints of equal weights, and settings that
        differ but are the first one's everywhere.

    Raises:
        InputRejectedError: architecture, tensor names, shapes, stored types, buffers or tokens
            differ; the first ten differences are listed.
    """
    notes: list[str] = []
    for other in others:
        differences = [*_structure(first, other)]
        differences += [] if differences else _tokens(first, other)
        if not differences and isinstance(other, LoadedModel):
            shapes = resized(first.model, size_of(other.model))
            mine = _parameters(first.model, shapes)
            differences = [*_compared(mine, _parameters(other.model))]
        if differences:
            more = len(differences) - _LISTED
            raise InputRejectedError(
                f"{_name(first)} and {_name(other)} are not versions of one model: "
                + "; ".join(differences[:_LISTED])
                + (f"; and {more} more differences" if more > 0 else "")
                + ": pass checkpoints that were trained from the same base"
            )
        notes += [*_settings(first, other), *_types(first, other)]
    called = [_name(first), *(names or map(_name, others))]
    everyone = [
        (name, _checked(each).weights_digest)
        for name, each in zip(called, (first, *others), strict=True)
    ]
    notes += [
        f"{left} and {right} have the same weights: nothing changes between them"
        for (left, one), (right, two) in combinations(everyone, 2)
        if one == two
    ]
    return tuple(notes)


def _checked(side: LoadedModel | CheckedCheckpoint) -> CheckedCheckpoint:
    return side.checked if isinstance(side, LoadedModel) else side


def _name(side: LoadedModel | CheckedCheckpoint) -> str:
    return shown(side.ref if isinstance(side, LoadedModel) else side.folder)


def _structure(first: LoadedModel, other: LoadedModel | CheckedCheckpoint) -> Iterator[str]:
    """How the classes and the stored tensors differ."""
    mine, its = first.checked, _checked(other)
    for what in ("architecture", "model_type"):
        if getattr(mine, what) != getattr(its, what):
            yield f"{what} {getattr(mine, what)} and {shown(getattr(its, what))}"
    left, right = (_as_many(first.model, checked.folder) for checked in (mine, its))
    kinds = {name: _kind(entry) for name, (_, entry) in left.items()}
    yield from _compared(
        kinds,
        {
            name: kinds[name] if name in left and _alike(left[name][1], entry) else _kind(entry)
            for name, (_, entry) in right.items()
        },
    )
    for name in sorted(_buffers(first.model) & left.keys() & right.keys()):
        if not left[name][1].floating and _bytes(*left[name]) != _bytes(*right[name]):
            yield f"buffer {shown(name)} has other values, and whole numbers do not move"


def _as_many(model: Any, folder: Path) -> dict[str, tuple[Shard, Entry]]:
    """Stored tensors as they would be with as many tokens as the network has."""
    found, size = _stored(model, folder), tokens_in(model, folder)
    if size is None:
        return found
    return {
        name: (shard, replace(entry, shape=tuple(table.shape)))
        if (table := tables(model).get(name)) is not None
        and entry.shape == (size, *table.shape[1:])
        else (shard, entry)
        for name, (shard, entry) in found.items()
    }


def tokens_in(model: Any, folder: Path) -> int | None:
    """How many tokens have an embedding in a checkpoint's files; None if that is not told."""
    stored, names = _stored(model, folder), tables(model)
    found = {stored[name][1].shape[0] for name in names if name in stored and stored[name][1].shape}
    return found.pop() if len(found) == 1 else None


def differing_buffers(first: LoadedModel, others: Sequence[CheckedCheckpoint]) -> tuple[str, ...]:
    """Floating-point buffers of the network that have other values in one of the checkpoints."""
    mine = _stored(first.model, first.checked.folder)
    found = set()
    for other in others:
        its = _stored(first.model, other.folder)
        for name in _buffers(first.model) & mine.keys() & its.keys():
            if mine[name][1].floating and _bytes(*mine[name]) != _bytes(*its[name]):
                found.add(name)
    return tuple(sorted(found))


def _types(first: LoadedModel, other: LoadedModel | CheckedCheckpoint) -> Iterator[str]:
    """That two checkpoints are stored in different types, which are all cast to the run's."""
    mine, its = dict(first.checked.dtypes), dict(_checked(other).dtypes)
    if mine.keys() != its.keys():
        yield (
            f"{_name(first)} is stored as {', '.join(mine)} and {_name(other)} as "
            f"{', '.join(its)}: both are computed in {first.dtype}"
        )


def _compared(left: Mapping[str, str], right: Mapping[str, str]) -> Iterator[str]:
    for name in [*left, *(name for name in right if name not in left)]:
        if name not in right:
            yield f"only the first has {shown(name)}"
        elif name not in left:
            yield f"only the second has {shown(name)}"
        elif left[name] != right[name]:
            yield f"{shown(name)} is {left[name]} and {right[name]}"


def _stored(model: Any, folder: Path) -> dict[str, tuple[Shard, Entry]]:
    """Stored tensors by the network's name, by their own where it has none, without dead ones."""
    found = {entry.name: (shard, entry) for shard in find_shards(folder) for entry in shard.entries}
    owner, live = owners(model), live_names(model, found)
    known, dead = model.state_dict().keys(), _dead(model)
    named = {name: live[name] or name for name in found}
    return {
        owner.get(named[name], named[name]): place
        for name, place in found.items()
        if live[name] is None or live[name] in known or not dead.search(name)
    }


def _dead(model: Any) -> re.Pattern[str]:
    """What older versions stored and the loader passes over in silence."""
    patterns = {r"rotary_emb\.inv_freq", *(model._keys_to_ignore_on_load_unexpected or ())}
    return re.compile("|".join(f"(?:{pattern})" for pattern in sorted(patterns)))


def _kind(entry: Entry) -> str:
    return f"{entry.dtype} {list(entry.shape)}"


def _alike(one: Entry, other: Entry) -> bool:
    """Whether two tensors are of one shape and type, or of two that are both cast to the run's."""
    types = one.dtype == other.dtype or (one.floating and other.floating)
    return types and one.shape == other.shape


def _parameters(model: Any, shapes: Mapping[str, tuple[int, ...]] | None = None) -> dict[str, str]:
    return {
        name: f"{str(p.dtype).removeprefix('torch.')} {list((shapes or {}).get(name, p.shape))}"
        for name, p in model.named_parameters()
    }


def _buffers(model: Any) -> set[str]:
    """Tensors that are saved with the network but are no parameters of it."""
    return set(model.state_dict()) - set(owners(model))


def _bytes(shard: Shard, entry: Entry) -> bytes:
    with shard.path.open("rb") as file:
        file.seek(entry.start)
        return file.read(entry.end - entry.start)


def _tokens(first: LoadedModel, other: LoadedModel | CheckedCheckpoint) -> Iterator[str]:
    """Where the tokenizers give a token different ids; one may have tokens that the other lacks."""
    if isinstance(other, LoadedModel):
        its = other.tokenizer
    elif vocabulary_files(other) in ({}, vocabulary_files(first.checked)):
        return
    else:
        its = tokenizer_for(other)
    left = _embedded(first.tokenizer, size_of(first.model))
    right = _embedded(its, tokens_in(first.model, _checked(other).folder))
    for token in sorted(left.keys() & right.keys()):
        if left[token] != right[token]:
            yield f"token {shown(token)} has the ids {left[token]} and {right[token]}"
    renamed = set(left.values()) & set(right.values())
    alone = {index for token, index in left.items() if token not in right}
    if len(alone & renamed) > _RENAMED:
        yield f"{len(alone & renamed)} ids are of other tokens"


def _embedded(tokenizer: Any, size: int | None) -> dict[str, int]:
    """The tokens that have an embedding, with their ids."""
    every: dict[str, int] = tokenizer.get_vocab()
    return {token: index for token, index in every.items() if size is None or index < size}


def _settings(first: LoadedModel, other: LoadedModel | CheckedCheckpoint) -> Iterator[str]:
    """What of the network differs beside the weights; the first one's is used at every point.

    How the checkpoints talk, each by itself, is another matter; see `studies.talks`.
    """
    mine, its = first.checked.folder, _checked(other).folder
    used = f"those of {_name(first)} are used at every point"
    if not vocabulary_files(_checked(other)):
        yield f"{_name(other)} has no tokenizer; that of {_name(first)} is used at every point"
    left, right = (read_json(folder / "config.json") for folder in (mine, its))
    keys = sorted(
        key for key in (left.keys() | right.keys()) - _HARMLESS if left.get(key) != right.get(key)
    )
    if keys:
        listed = ", ".join(map(shown, keys[:_LISTED])) + (", …" if len(keys) > _LISTED else "")
        yield f"config.json of {_name(other)} has other settings ({listed}); {used}"
