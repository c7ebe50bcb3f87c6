from __future__ import annotations

from pathlib import Path

import pytest
import torch

from safebasin.weights import memory
from safebasin.weights.memory import REMEMBER, for_directions, free, free_here

CPU, GPU = torch.device("cpu"), torch.device("cuda", 0)


def account(folder: Path, available: str = "MemAvailable:  1000 kB") -> Path:
    path = folder / "meminfo"
    path.write_text(f"MemTotal:  4000 kB\n{available}\n")
    return path


def limited(folder: Path, limit: str, anon: str = "anon 100") -> Path:
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.stat").write_text(f"file 5000\n{anon}\n")
    return folder


def test_what_the_system_says(tmp_path: Path) -> None:
    assert free_here(account(tmp_path), tmp_path / "none") == 1000 << 10


@pytest.mark.parametrize(
    ("limit", "anon", "left"),
    [
        ("5000", "anon 100", 4900),
        ("50", "anon 100", 0),
        ("max", "anon 100", 1000 << 10),
        ("9000000", "anon 100", 1000 << 10),
        ("5000", "other 100", 1000 << 10),
    ],
)
def test_a_job_may_have_less(tmp_path: Path, limit: str, anon: str, left: int) -> None:
    assert free_here(account(tmp_path), limited(tmp_path, limit, anon)) == left


def test_a_system_that_says_nothing(tmp_path: Path) -> None:
    whole = free_here(tmp_path / "none", tmp_path / "none")
    assert whole == free_here(account(tmp_path, "Other: 1 kB"), tmp_path / "none") > 1 << 28


def test_this_machine() -> None:
    assert 0 < free(CPU) <= free_here(Path("/none"), Path("/none"))


def test_on_a_gpu_half_of_what_is_free_goes_to_directions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free", lambda device: 100)
    assert for_directions(GPU) == 50
    assert for_directions(GPU, held=20) == 60


def test_on_a_cpu_an_eighth_but_always_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free", lambda device: 100)
    assert for_directions(CPU) == REMEMBER
    monkeypatch.setattr(memory, "free", lambda device: 80 * REMEMBER)
    assert for_directions(CPU) == 10 * REMEMBER
    assert for_directions(CPU, held=8 * REMEMBER) == 11 * REMEMBER


def test_what_torch_keeps_for_itself_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "mem_get_info": (70, 100),
        "memory_reserved": 30,
        "memory_allocated": 10,
    }.items():
        monkeypatch.setattr(torch.cuda, name, lambda device, value=value: value)
    assert free(GPU) == 90
