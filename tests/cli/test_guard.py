"""Whatever goes wrong is one line and a code."""

from __future__ import annotations

import os
import signal
import sys

import pytest
import torch
import typer

from safebasin import errors
from safebasin.cli.guard import guarded


def code_of(error: BaseException) -> int:
    with pytest.raises(typer.Exit) as caught, guarded():
        raise error
    return caught.value.exit_code


@pytest.mark.parametrize("kind", errors.SafebasinError.__subclasses__())
def test_every_error_has_its_own_code(kind, capsys) -> None:
    assert code_of(kind("this is wrong: do that")) == kind.exit_code
    assert capsys.readouterr().err == "safebasin: this is wrong: do that\n"


def test_codes_are_those_of_the_design() -> None:
    kinds = errors.SafebasinError.__subclasses__()
    assert sorted(kind.exit_code for kind in kinds) == [2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(28, "No space left on device", "page.html"),
        OSError("odd"),
        RuntimeError("CUDA out of memory. Tried to allocate"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate "
            "memory: you tried to allocate 4096000 bytes. Error code 12 (Cannot allocate memory)"
        ),
        RuntimeError("std::bad_alloc"),
    ],
)
def test_resources(error, capsys) -> None:
    assert code_of(error) == 5
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "None" not in said
    assert ("4,096,000 bytes" in said) == ("alloc_cpu" in str(error))


def test_memory_that_runs_out_in_torch_is_told(capsys) -> None:
    with pytest.raises(typer.Exit) as caught, guarded():
        torch.empty(1 << 60)
    assert caught.value.exit_code == 5
    assert f"{4 << 60:,} bytes were asked for" in capsys.readouterr().err


def test_a_panic_is_told(capsys) -> None:
    class PanicException(BaseException):
        """What pyo3 makes of a panic in Rust."""

    assert code_of(PanicException("index out of bounds")) == 3
    assert "index out of bounds" in capsys.readouterr().err


def test_what_is_not_ours_is_not_hidden() -> None:
    with pytest.raises(RuntimeError, match="a bug"), guarded():
        raise RuntimeError("a bug")
    with pytest.raises(BrokenPipeError), guarded():
        raise BrokenPipeError(32, "Broken pipe")


def test_terminal_sequences_are_shown_and_not_obeyed(capsys) -> None:
    code_of(errors.UsageError("name \x1b]0;title\x07 \x1b[2J ‮ end\nsecond"))
    said = capsys.readouterr().err
    assert said[:-1].isprintable()
    assert "␛" in said
    assert said.count("\n") == 1


def test_sigterm_is_handled_inside_and_only_inside(capsys, monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/safebasin", "scan", "--out", "my run"])
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(typer.Exit) as caught, guarded(resumes=True):
        os.kill(os.getpid(), signal.SIGTERM)
    assert caught.value.exit_code == 143
    assert signal.getsignal(signal.SIGTERM) is before
    assert capsys.readouterr().err.splitlines()[-1].strip() == "safebasin scan --out 'my run'"
