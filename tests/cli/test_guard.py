"""Whatever goes wrong is one line and a code."""

from __future__ import annotations

import os
import signal
import sys

import pytest
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
    ],
)
def test_resources(error, capsys) -> None:
    assert code_of(error) == 5
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "None" not in said


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
