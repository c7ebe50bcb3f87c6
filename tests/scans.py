"""Studies that take less than a second, and questions about what they left on the disk."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from safebasin import seals
from safebasin.records import Label
from safebasin.store import reading
from safebasin.studies.landscape import Plan
from safebasin.studies.settings import ScanSettings

SMALL: dict[str, Any] = {
    "directions": 2,
    "points": 5,
    "prompts": "organism-harmful",
    "limit": 3,
    "max_new_tokens": 8,
    "batch_size": 2,
}
POINTS, PROMPTS, RESPONSES = 9, 6, 54

ASKED: dict[str, Any] = {
    name: SMALL[name] for name in ("prompts", "limit", "max_new_tokens", "batch_size")
}
"""What makes any study small; `SMALL` is the same for scans."""


def interrupting(after: int) -> Callable[[object], None]:
    """Progress that ends a run as Ctrl-C does, after so many ticks."""
    ticks = iter(range(after))

    def stop(_: object) -> None:
        if next(ticks, None) is None:
            raise KeyboardInterrupt

    return stop


def flags(**named: Any) -> list[Any]:
    """Arguments of a function as the command line has them."""
    return [
        text for name, value in named.items() for text in (f"--{name.replace('_', '-')}", value)
    ]


FLAGS = flags(**SMALL)


def settings(model: Path | str, out: Path | None = None, **changes: Any) -> ScanSettings:
    return ScanSettings(**{"model": str(model), "out": out, **SMALL, **changes})


def command(model: Path | str, out: Path, *more: object) -> list[str]:
    """The same scan for the command line; later flags win."""
    return [*map(str, ["scan", model, "--out", out, *FLAGS, *more])]


def into(planned: Plan, folder: Path) -> Plan:
    """The same scan in another folder."""
    return replace(planned, folder=folder)


def digest(folder: Path) -> str:
    with reading(folder) as store:
        return store.digest()


def answers(folder: Path) -> int:
    """How many responses are stored; 0 if the run never came to have a store."""
    if not (folder / "results.sqlite").exists():
        return 0
    connection = sqlite3.connect(folder / "results.sqlite")
    try:
        (version,) = connection.execute("pragma user_version").fetchone()
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
        if version == 0:
            return 0
        return connection.execute("select count(*) from response").fetchone()[0]
    finally:
        connection.close()


def verdicts(folder: Path, judge: str) -> int:
    """How many verdicts of a judge are stored, whatever its version."""
    with closing(sqlite3.connect(folder / "results.sqlite")) as connection:
        query = "select count(*) from verdict where judge = ? or judge like ? || '@%'"
        return int(connection.execute(query, (judge, judge)).fetchone()[0])


def batches_are_whole(planned: Plan, folder: Path) -> bool:
    """Whether each batch is in the store whole or not at all, at every point."""
    with reading(folder) as store:
        there = {point.key: store.answered(point.key) for point in planned.work.points}
    counted = (
        Counter(one.prompt_id in answered for one in batch)
        for answered in there.values()
        for batch in planned.work.batches
    )
    return all(len(found) == 1 for found in counted)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def moved(folder: Path, base: Path, *, by: float = 0.1, seed: int = 1) -> Path:
    """A fine-tune of a checkpoint: every tensor goes by a share of its norm, somewhere."""
    import torch

    def change(tensors: dict[str, Any]) -> dict[str, Any]:
        draw = torch.Generator().manual_seed(seed)
        found = {}
        for name, tensor in sorted(tensors.items()):
            noise = torch.randn(tensor.shape, generator=draw)
            found[name] = tensor + by * noise * tensor.norm() / noise.norm()
        return found

    return _changed(folder, base, change)


def between(folder: Path, base: Path, other: Path, share: float) -> Path:
    """A checkpoint on the straight line from one to another."""
    from safetensors.torch import load_file

    target = load_file(other / "model.safetensors")
    return _changed(
        folder,
        base,
        lambda tensors: {n: t + share * (target[n] - t) for n, t in tensors.items()},
    )


def _changed(folder: Path, base: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    from safetensors.torch import load_file, save_file

    shutil.copytree(base, folder)
    path = folder / "model.safetensors"
    save_file(change(load_file(path)), path, metadata={"format": "pt"})
    return folder


def relabel(folder: Path, label: Callable[[str, str, str], Label]) -> None:
    """Give every response of a run another label, by point, side and prompt.

    A network of random weights says nothing but garbage; its run can still be one whose truth is
    known.
    """
    with closing(sqlite3.connect(folder / "results.sqlite")) as connection, connection:
        kinds = dict(connection.execute("select id, kind from prompt"))
        known = connection.execute("select judge, point, prompt from verdict").fetchall()
        connection.executemany(
            "update verdict set label = ? where judge = ? and point = ? and prompt = ?",
            [
                (label(point, kinds[prompt], prompt).value, judge, point, prompt)
                for judge, point, prompt in known
            ],
        )
        seals.seal(connection)


def labelled(folder: Path, judge: str = "coherence") -> dict[str, dict[str, list[str]]]:
    """Labels by point and side, read from the store's tables."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    query = (
        "select point, kind, label from verdict join prompt on prompt = prompt.id where judge = ?"
    )
    with closing(sqlite3.connect(folder / "results.sqlite")) as connection:
        for point, kind, label in connection.execute(query, (judge,)):
            found[point]["harmful" if kind == "harmful" else "benign"].append(label)
    return found


def copied(folder: Path, to: Path) -> Path:
    """What a run cannot be made again without: its request and its store."""
    to.mkdir(parents=True)
    for name in ("run.json", "results.sqlite"):
        shutil.copy(folder / name, to / name)
    return to
