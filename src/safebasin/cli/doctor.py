"""`safebasin doctor`: what this machine can do."""

from __future__ import annotations

import typer

from safebasin.cli.guard import guarded

Row = tuple[str, str]


def doctor() -> None:
    """Show versions and devices, and what is amiss with the remedy."""
    with guarded():
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        for name, value in (*_versions(), *_devices(), *_disk(), *_extras(), *_organism()):
            table.add_row(name, Text(value))
        Console().print(table)
        typer.echo("\nTry: safebasin scan")


def _versions() -> list[Row]:
    import platform
    import sqlite3
    from importlib.metadata import version

    # Before 3.51.3 SQLite can lose a write that races a checkpoint of another connection. A run has
    # one writing connection, so this is a remark and no error.
    old = tuple(map(int, sqlite3.sqlite_version.split("."))) < (3, 51, 3)
    remark = (
        " (3.51.3 or newer is better; one writer at a time is safe with this one)" if old else ""
    )
    return [
        ("python", platform.python_version()),
        *((name, version(name)) for name in ("safebasin", "torch", "transformers", "safetensors")),
        ("sqlite", sqlite3.sqlite_version + remark),
    ]


def _devices() -> list[Row]:
    import torch

    from safebasin.report.formatting import count

    rows = [("cpu", count(torch.get_num_threads(), "threads"))]
    if not torch.cuda.is_available():
        return [*rows, ("gpu", "none that torch can use; --device cpu is what `auto` takes")]
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        rows.append(
            (f"cuda:{index}", f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB")
        )
    return rows


def _disk() -> list[Row]:
    import shutil

    return [("free disk here", f"{shutil.disk_usage('.').free / 2**30:.1f} GiB")]


def _extras() -> list[Row]:
    """What each extra unlocks, and how to get those that are not here."""
    from importlib.util import find_spec

    unlocked = {
        "capability": ("lm_eval", "lm-eval tasks at every point (--task)"),
        "api": ("httpx2", "rubrics judged over an endpoint (--judge rubric-…=URL#MODEL)"),
        "ray": ("ray", "several GPUs or machines at once (--workers)"),
        "vllm": ("vllm", "the engine for wide sweeps (--engine vllm)"),
        "analysis": ("pyarrow", "pandas and Parquet tables of results (--table)"),
    }
    return [
        (
            name,
            what if find_spec(module) else f"{what}: pip install 'safebasin[{name}]'",
        )
        for name, (module, what) in unlocked.items()
    ]


def _organism() -> list[Row]:
    from safebasin.models.check import check
    from safebasin.models.organism import NAMES, folder

    return [
        (f"organism:{name}", f"sound, weights {check(folder(name)).weights_digest[:12]}")
        for name in NAMES
    ]
