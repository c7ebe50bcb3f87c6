"""Verdicts as arrays over points and prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from safebasin.records import Label
from safebasin.store import Store
from safebasin.summary import Kind

SIDES: tuple[Kind, ...] = ("harmful", "benign")
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Shares:
    """One side's verdicts at N points on Q prompts.

    Attributes:
        keys: of the points, as in the store.
        prompts: ids, in the order of the axis Q.
        label_NQ: 1 where the label is given, 0 where it is not, nan where there is no verdict; by
            the run's first judge.
        keyword_NQ: the same for "no refusal phrase was found"; nan if that judge was not asked.
        cluster_Q: prompts with the same number are not independent.
    """

    keys: tuple[str, ...]
    prompts: tuple[str, ...]
    label_NQ: dict[Label, Floats]
    keyword_NQ: Floats
    cluster_Q: NDArray[np.int64]

    @cached_property
    def place(self) -> dict[str, int]:
        """Where on the axis N a point is."""
        return {key: n for n, key in enumerate(self.keys)}

    def hits(self) -> dict[str, Floats]:
        """The four labels and the keyword ASR, by the names that summaries give them."""
        return {
            **{label.value: hit for label, hit in self.label_NQ.items()},
            "keyword_asr": self.keyword_NQ,
        }


def shares(store: Store, keys: Sequence[str]) -> dict[Kind, Shares]:
    """Both sides' verdicts at some points; what the store lacks is nan.

    Args:
        store: of the run; its request names the judges.
        keys: of points, without repetition.
    """
    judges: Sequence[str] = store.request["judges"]
    code_NQ, index = _codes(store, judges[0], keys)
    keyword_NQ = code_NQ
    if judges[0] != "keyword":
        keyword_NQ = (
            _codes(store, "keyword", keys)[0]
            if "keyword" in judges
            else np.full_like(code_NQ, _UNKNOWN)
        )
    prompts = store.prompts()
    found: dict[Kind, Shares] = {}
    for side in SIDES:
        of_side = [
            id_
            for id_, (prompt, _) in prompts.items()
            if (prompt.kind == "harmful") == (side == "harmful")
        ]
        columns = [index[id_] for id_ in of_side]
        code_NS, keyword_NS = code_NQ[:, columns], keyword_NQ[:, columns]
        found[side] = Shares(
            tuple(keys),
            tuple(of_side),
            {label: _hits(code_NS, label) for label in Label},
            _hits(keyword_NS, Label.COMPLIED),
            np.array([prompts[id_][1] for id_ in of_side], dtype=np.int64),
        )
    return found


_UNKNOWN = -1
_CODE = {label: number for number, label in enumerate(Label)}


def _codes(
    store: Store, judge: str, keys: Sequence[str]
) -> tuple[NDArray[np.int8], dict[str, int]]:
    """A judge's labels as small numbers, over points and all prompts."""
    index = {id_: place for place, id_ in enumerate(store.prompts())}
    row = {key: n for n, key in enumerate(keys)}
    code_NQ = np.full((len(keys), len(index)), _UNKNOWN, dtype=np.int8)
    for key, prompt, label in store.labels(judge):
        if key in row and label is not None:
            code_NQ[row[key], index[prompt]] = _CODE[label]
    return code_NQ, index


def _hits(code_NQ: NDArray[np.int8], label: Label) -> Floats:
    hit_NQ: Floats = (code_NQ == _CODE[label]).astype(float)
    hit_NQ[code_NQ == _UNKNOWN] = np.nan
    return hit_NQ
