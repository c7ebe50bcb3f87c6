"""Which models benchmarks ask, and the line that says where they ran."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import torch
import transformers

from safebasin.models.organism.build import build
from safebasin.models.organism.recipe import PRESETS
from safebasin.models.surroundings import quiet_and_offline

FOLDER = Path("safebasin-runs", "bench")


def organism(preset: str) -> str:
    """The chat model of a preset, built on the first call: MODEL for every verb."""
    if preset == "default":
        return "organism:chat"
    folder = FOLDER / preset
    if not folder.exists():
        print(f"building {folder}", file=sys.stderr, flush=True)
        with quiet_and_offline():
            build(folder, recipe=PRESETS[preset])
    return str(folder / "chat")


def machine(device: torch.device) -> str:
    """The processor or GPU, threads and versions, in one line."""
    if device.type == "cuda":
        place = torch.cuda.get_device_name(device)
    else:
        place = f"{_processor()}, {torch.get_num_threads()} threads"
    return (
        f"{place}, torch {torch.__version__}, transformers {transformers.__version__}, "
        f"Python {platform.python_version()}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()
