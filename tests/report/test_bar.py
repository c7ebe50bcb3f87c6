"""Progress on standard error: a bar on a terminal, a line for each tenth elsewhere."""

from __future__ import annotations

import pytest

from safebasin.report.bar import bar


def ten(shown: bool, note: str = "refused 50%") -> None:
    with bar("scanning x", "responses", shown=shown) as advance:
        for done in range(1, 101):
            advance(done, 100, note)


def test_elsewhere_it_is_a_line_for_each_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    ten(shown=True)
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert captured.out == ""
    assert len(lines) == 11
    assert lines[-1] == "scanning x: 100 of 100 responses; refused 50%"


def test_nothing_is_written_if_it_is_not_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ten(shown=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    ten(shown=False)
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_it_is_a_bar_with_the_time_and_the_latest_result(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "160")
    ten(shown=True)
    said = capsys.readouterr().err
    for part in ("scanning x", "100/100", "0:00:0", "left", "refused 50%"):
        assert part in said


@pytest.mark.parametrize("terminal", [True, False])
def test_a_note_from_a_model_acts_on_nothing(
    terminal: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
    ten(shown=True, note="\x1b]0;title\x07 [bold]mark[/bold] ‮")
    said = capsys.readouterr().err
    assert "\x1b]0;" not in said
    assert "\x07" not in said
    assert "‮" not in said


def test_an_empty_plan_is_no_division_by_zero() -> None:
    with bar("x", "steps", shown=False) as advance:
        advance(0, 0, "nothing")
