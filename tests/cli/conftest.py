"""The command line in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from safebasin.cli.app import app

Call = Callable[..., Result]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Call:
    """`call("scan", folder, …)`: what was printed, where, and the exit code."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")

    def invoke(*words: object) -> Result:
        arguments = [*map(str, words)]
        monkeypatch.setattr(sys, "argv", ["safebasin", *arguments])
        return CliRunner().invoke(app, arguments)

    return invoke


@pytest.fixture
def refused(call: Call) -> Call:
    """The same for a command that must fail: one line, no traceback."""

    def invoke(*words: object) -> Result:
        found = call(*words)
        assert found.exit_code not in (0, 1), found.output
        assert isinstance(found.exception, SystemExit)
        assert found.stderr.startswith("safebasin: ")
        assert found.stderr.count("\n") == 1
        assert found.stderr[:-1].isprintable()
        assert "Traceback" not in found.output
        return found

    return invoke
