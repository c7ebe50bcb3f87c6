"""A loaded model as vLLM and its workers find it on disk, and points as orders to them."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from safebasin.engines.vllm import order as orders
from safebasin.engines.vllm.order import Kept, Order, Step, Stored
from safebasin.errors import InputRejectedError
from safebasin.models.check import as_checked
from safebasin.models.load import LoadedModel
from safebasin.models.shards import find_shards
from safebasin.models.shown import shown
from safebasin.models.tensors import live_names, owners
from safebasin.points import Direction, Displacement, Point, WeightWay
from safebasin.weights.given import Along, Given, Towards
from safebasin.weights.overlay import Overlay
from safebasin.weights.parameters import movable, rows


class Checkpoint:
    """Where the weights lie, and what each way through them means to a worker.

    Args:
        loaded: the model; with an adapter, its merged weights are written to `scratch`.
        overlay: tells the scales of random directions, and which ways are known.
        given: what displacements stand for; each is written to `scratch` when it is first used.
        scratch: a folder that workers can read.

    Raises:
        InputRejectedError: the files hold a parameter in pieces.
    """

    def __init__(
        self,
        loaded: LoadedModel,
        overlay: Overlay,
        given: Mapping[Displacement, Given],
        scratch: str | Path,
    ) -> None:
        self._loaded, self._overlay, self._given = loaded, overlay, given
        self._scratch = Path(scratch)
        self._kept: dict[Displacement, Kept] = {}
        merged = loaded.adapter is not None
        self.folder = self._merged() if merged else self._private()
        self._source = self.folder if merged else loaded.folder
        self.stored = self._stored()

    def order(self, point: Point) -> Order:
        """A point for the workers; a way to a checkpoint at exactly 1 starts there, as `Overlay`.

        Raises:
            ValueError: see `Overlay.way`.
        """
        terms = list(point.weight_terms)
        for way, _ in terms:
            self._overlay.way(way)
        for place, (way, x) in enumerate(terms):
            if x == 1 and isinstance(step := self._step(way), orders.Towards):
                rest = terms[:place] + terms[place + 1 :]
                return Order(step.target, tuple((self._step(way), x) for way, x in rest))
        return Order(None, tuple((self._step(way), x) for way, x in terms))

    def _step(self, way: WeightWay) -> Step:
        if isinstance(way, Direction):
            return orders.Random(way, self._overlay.scales(way))
        if way not in self._kept:
            self._kept[way] = self._write(self._given[way])
        towards = isinstance(self._given[way], Towards)
        return (orders.Towards if towards else orders.Along)(self._kept[way])

    def _write(self, given: Given) -> Kept:
        folder = self._scratch / f"displacement-{len(self._kept)}"
        folder.mkdir()
        found = given.direction if isinstance(given, Along) else given.target
        every = movable(self._loaded.model, "none", everywhere=True)
        return Kept.write(folder, found, {name: len(rows(p)) for name, p in every.items()})

    def _private(self) -> Path:
        """The files that were checked, and no others: vLLM opens what a folder tells it to."""
        kept = ExitStack()
        self._files = weakref.finalize(self, kept.close)
        return kept.enter_context(as_checked(self._loaded.checked))

    def _merged(self) -> Path:
        folder = self._scratch / "merged"
        self._loaded.model.save_pretrained(folder)
        self._loaded.tokenizer.save_pretrained(folder)
        return folder

    def _stored(self) -> tuple[Stored, ...]:
        """What lies in the files, under the names of files and network."""
        entries = [
            (shard.path, entry) for shard in find_shards(self._source) for entry in shard.entries
        ]
        network = live_names(self._loaded.model, [entry.name for _, entry in entries])
        owner = owners(self._loaded.model)
        dtypes = {name: p.dtype for name, p in self._loaded.model.named_parameters()}
        found = []
        for path, entry in entries:
            live = network[entry.name]
            if live is None:
                raise InputRejectedError(
                    f"{shown(self._source)} holds {shown(entry.name)} apart, which the network has "
                    "in one tensor with others: use --engine transformers"
                )
            name = owner.get(live)
            found.append(Stored(path, entry.name, name, dtypes[name] if name else None))
        self._require_all({one.network for one in found if one.network})
        return tuple(found)

    def _require_all(self, there: set[str]) -> None:
        missing = sorted(set(movable(self._loaded.model, "none", everywhere=True)) - there)
        if missing:
            raise InputRejectedError(
                f"{shown(self._source)} lacks the parameter {shown(missing[0])} under any name "
                "that can be placed: use --engine transformers"
            )
