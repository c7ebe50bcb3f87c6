"""Capabilities along the points, as summaries have them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from safebasin import summary as contract
from safebasin.measures import accuracy
from safebasin.measures.base import About
from safebasin.measures.summarise import arrays, curve
from safebasin.records import Items
from safebasin.store import Store
from safebasin.studies.summaries.overview import REPLICATES, listed

Keys = Sequence[Sequence[str]]


def on_axis(store: Store, keys_DP: Keys, *, seed: int) -> list[contract.Measure]:
    """Every measure over an axis, by direction.

    Args:
        store: of the run.
        keys_DP: keys of the points.
        seed: of the bootstrap over items.
    """
    found = []
    for about, items in _taken(store):
        value_DPI, weight_I, names = arrays(items, keys_DP)
        over = curve(
            about,
            value_DPI,
            weight_I,
            _clusters(store, names),
            seed=seed,
            replicates=REPLICATES,
        )
        shown = contract.Curve(
            mean_P=listed(over.mean_P),
            low_P=listed(over.low_P),
            high_P=listed(over.high_P),
            directions_DP=[listed(row) for row in over.share_DP],
        )
        found.append(contract.Measure(**about.to_json(), items=len(names), curve=shown))
    return found


def on_plane(store: Store, keys_YX: Keys) -> list[contract.MeasureMap]:
    """Every measure over a plane: a value at each point."""
    found = []
    for about, items in _taken(store):
        value_YX: list[list[float | None]] = []
        names: set[str] = set()
        for row in keys_YX:
            at_X = [items(key) for key in row]
            value_YX.append([contract.finite(round(about.aggregate(at), 6)) for at in at_X])
            names.update(name for at in at_X for name in at)
        found.append(contract.MeasureMap(**about.to_json(), items=len(names), value_YX=value_YX))
    return found


def _taken(store: Store) -> Iterator[tuple[About, Callable[[str], Items]]]:
    """What was measured, and how to look it up; accuracy comes from the responses themselves."""
    prompts = {id_: prompt for id_, (prompt, _) in store.prompts().items()}
    if any(map(accuracy.has_answer, prompts.values())):
        yield (
            accuracy.ABOUT,
            lambda key: accuracy.accuracy(prompts, store.responses(key)),
        )
    for asked in store.request.get("measures", []):
        about = About(**asked)
        yield about, partial(store.measurements, about.name)


def _clusters(store: Store, names: Sequence[str]) -> np.ndarray | None:
    """Items that are prompts come in the prompts' clusters; all others are independent."""
    cluster = {id_: number for id_, (_, number) in store.prompts().items()}
    if not all(name in cluster for name in names):
        return None
    return np.array([cluster[name] for name in names], dtype=np.int64)
