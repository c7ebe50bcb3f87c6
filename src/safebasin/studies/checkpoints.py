"""Other checkpoints of a model that is loaded: found, checked, and read where they lie."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from safebasin.errors import InputRejectedError, UsageError
from safebasin.models.adapter import AdapterRows
from safebasin.models.adapterfile import read_adapter
from safebasin.models.among import is_adapter, over, together
from safebasin.models.buffers import travelling
from safebasin.models.by_peft import needs_peft
from safebasin.models.check import CheckedCheckpoint, check
from safebasin.models.fitting import fit
from safebasin.models.load import LoadedModel, load
from safebasin.models.pair import differing_buffers, require_alike, tokens_in
from safebasin.models.resolve import resolve, resolve_adapter
from safebasin.models.shown import shown
from safebasin.models.tensors import FileRows, network_rows
from safebasin.models.vocabulary import fitted, resized, size_of
from safebasin.points import Displacement
from safebasin.records import ModelRef
from safebasin.studies.grid import Stop
from safebasin.weights.given import Rows, Towards

_NUMBER = re.compile(r"(\d+)")


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint beside the model that moves.

    Attributes:
        name: as it was asked for.
        way: from the model to it.
        rows: its weights, in the model's type.
        checked: what the gate found.
        moving: buffers that the way to it moves with the weights.
        size: how many tokens it has an embedding for.
    """

    name: str
    way: Displacement
    rows: Rows
    checked: CheckedCheckpoint
    size: int
    moving: tuple[str, ...] = ()

    @property
    def towards(self) -> Towards:
        """The way to it, as a point is placed."""
        return Towards(self.rows)

    @property
    def stop(self) -> Stop:
        """The checkpoint as a place of its own."""
        return Stop(self.name, self.way)


def open_beside(
    origin: LoadedModel, names: Sequence[str]
) -> tuple[list[Checkpoint], tuple[str, ...]]:
    """Checkpoints that a line can lead to from a model, and what a person should know of them.

    Args:
        origin: the model that moves.
        names: models of the one grammar; a folder with nothing but an adapter means that adapter
            over the origin's own base.

    Raises:
        UsageError, InputRejectedError, IntegrityError, ResourceError: see `load`; and checkpoints
            that are not versions of one model are refused, with the first differences.
    """
    gate = cache(check)  # adapters share a base, whose files need be read once
    moving = differing_buffers(origin, [_base(origin, name, gate)[1] for name in names])
    travelling(origin.model, moving)
    found = [replace(_open(origin, name, gate), moving=moving) for name in names]
    notes = require_alike(origin, [each.checked for each in found], [shown(name) for name in names])
    if moving:
        notes = (*notes, f"buffers that differ move with the weights: {', '.join(moving)}")
    return found, (*_remarks(origin, found), *notes, *_sizes(origin, found))


def of_trajectory(folder: Path) -> list[str]:
    """The checkpoints in a folder, in the order of the numbers in their names.

    Raises:
        UsageError: there is no such folder, or no checkpoint in it.
    """
    if not folder.is_dir():
        raise UsageError(f"--checkpoints {shown(folder)} is not a folder: pass one of checkpoint-*")
    folders = [path for path in folder.iterdir() if path.is_dir()]
    found = [path for path in folders if _is_checkpoint(path)]
    nameless = sorted(path.name for path in folders if path not in found and _holds_weights(path))
    if nameless:
        raise InputRejectedError(
            f"--checkpoints {shown(folder)}: {', '.join(map(shown, nameless))} holds weights but "
            "no config.json, so it would be left out: copy config.json and the tokenizer's files "
            "of the model into it, or move it elsewhere"
        )
    if not found:
        raise UsageError(
            f"--checkpoints {shown(folder)} holds no checkpoints: its folders need a config.json "
            "or an adapter_config.json"
        )
    return [str(path) for path in sorted(found, key=_in_order)]


def short_names(names: Sequence[str]) -> list[str]:
    """Names of checkpoints as pictures show them: the last part, if these differ."""
    last = [Path(name).name if Path(name).is_dir() else name for name in names]
    return last if len(set(last)) == len(last) else list(names)


Gate = Callable[[Path], CheckedCheckpoint]


def _base(origin: LoadedModel, name: str, gate: Gate) -> tuple[ModelRef, CheckedCheckpoint]:
    """The model that a name means, and what the gate found in its folder, or in its base's."""
    ref = ModelRef.parse(name)
    if _is_folder_of_adapter(ref.source):
        if ref.adapter is not None:
            raise UsageError(f"{shown(name)} puts an adapter over an adapter: merge the first one")
        ref = over(origin.base, Path(ref.source).expanduser())
    return ref, gate(resolve(ref))


def _open(origin: LoadedModel, name: str, gate: Gate) -> Checkpoint:
    ref, checked = _base(origin, name, gate)
    folder = resolve_adapter(ref)
    adapter = None if folder is None else read_adapter(folder)
    require_alike(origin, [checked])
    if adapter is not None and needs_peft(adapter, origin.model):
        rows, size = _loaded(origin, ref)
    else:
        rows, size = _rows(origin, ref, checked)
        if adapter is not None:
            change = fit(adapter, origin.model, size)
            rows, size = AdapterRows(rows, change), change.size
    if adapter is not None:
        checked = together(checked, adapter, ref.source)
    both = f"{origin.checked.weights_digest} {checked.weights_digest}"
    way = Displacement(hashlib.sha256(both.encode()).hexdigest())
    return Checkpoint(name, way, fitted(rows, size, origin.model), checked, size)


def _rows(origin: LoadedModel, ref: ModelRef, checked: CheckedCheckpoint) -> tuple[Rows, int]:
    """From the files; a family that is stored otherwise than it is computed with is loaded.

    With how many tokens there are.
    """
    size = tokens_in(origin.model, checked.folder) or size_of(origin.model)
    try:
        return FileRows(checked, origin.model, resized(origin.model, size)), size
    except InputRejectedError:
        return _loaded(origin, ModelRef(ref.source, ref.revision))


def _loaded(origin: LoadedModel, ref: ModelRef) -> tuple[Rows, int]:
    """A checkpoint in memory, as a network, with how many tokens there are."""
    model = load(ref, device="cpu", dtype=origin.dtype).model
    travelling(model, [name for name, _ in origin.model.named_parameters()])
    return network_rows(model), size_of(model)


def _sizes(origin: LoadedModel, found: Sequence[Checkpoint]) -> list[str]:
    """What becomes of tokens that only one of two checkpoints has."""
    own, begin = size_of(origin.model), shown(origin.ref)
    notes = []
    for each, name in zip(found, short_names([each.name for each in found]), strict=True):
        if each.size > own:
            notes.append(
                f"{name} has {each.size:,} embeddings and {begin} {own:,}: those that {begin} "
                f"lacks do not move; they are read and said at {name} itself, and of them only end "
                "tokens between the two"
            )
        elif each.size < own:
            notes.append(
                f"{name} has {each.size:,} embeddings and {begin} {own:,}: those that {name} "
                f"lacks do not move, and are not said at {name} itself"
            )
    return notes


def _remarks(origin: LoadedModel, found: Sequence[Checkpoint]) -> list[str]:
    """What the gate remarked of checkpoints and not of the origin, each once with their names."""
    told: dict[str, list[str]] = {}
    for each, name in zip(found, short_names([each.name for each in found]), strict=True):
        for note in each.checked.notes:
            if note not in origin.notes:
                told.setdefault(note, []).append(name)
    return [f"{', '.join(names)}: {note}" for note, names in told.items()]


def _is_folder_of_adapter(source: str) -> bool:
    """Asked of any name, which may be longer than a path can be."""
    try:
        return is_adapter(Path(source).expanduser())
    except (OSError, ValueError, RuntimeError):
        return False


def _is_checkpoint(path: Path) -> bool:
    return (path / "config.json").exists() or is_adapter(path)


def _holds_weights(path: Path) -> bool:
    """Whether a folder without settings is a checkpoint all the same, whole or in parts."""
    endings = (".safetensors", ".bin", ".pt", ".pth", ".distcp")
    parts = ("pytorch_model_fsdp", "global_step")
    return any(file.suffix in endings or file.name.startswith(parts) for file in path.iterdir())


def _in_order(path: Path) -> tuple[list[tuple[int, int, str]], str]:
    """checkpoint-9 comes before checkpoint-10."""
    parts = _NUMBER.split(path.name)
    return [(0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts], path.name
