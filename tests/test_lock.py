"""One writer at a time, by a lock that dies with its holder."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
from pathlib import Path
from typing import Any

import children
import pytest

from safebasin.errors import LockedError
from safebasin.lock import only_writer


def hold(folder: Path, ready: Any) -> None:
    with only_writer(folder):
        ready.set()
        signal.pause()


def test_a_second_writer_is_told_who_is_first(tmp_path: Path) -> None:
    with only_writer(tmp_path):
        with pytest.raises(LockedError) as caught, only_writer(tmp_path):
            pass
        assert f"process {os.getpid()} on {socket.gethostname()}" in str(caught.value)
        assert caught.value.exit_code == 7
        with pytest.raises(LockedError), only_writer(tmp_path):
            pass


@pytest.mark.slow
def test_another_process_is_kept_out_until_the_holder_dies(tmp_path: Path) -> None:
    ready = children.context().Event()
    child = children.start(hold, tmp_path, ready)
    assert ready.wait(60)
    with pytest.raises(LockedError, match=f"process {child.pid} on "), only_writer(tmp_path):
        pass
    child.kill()
    child.join(10)
    with only_writer(tmp_path):
        pass


def test_an_old_lock_file_holds_nobody_up(tmp_path: Path) -> None:
    for content in ('{"pid": 1, "host": "elsewhere"}', "", "half a li"):
        (tmp_path / "lock").write_text(content)
        with only_writer(tmp_path):
            pass


def test_a_holder_who_left_no_name_is_another_process(tmp_path: Path) -> None:
    with only_writer(tmp_path):
        (tmp_path / "lock").write_text("damaged")
        with pytest.raises(LockedError, match="another process"), only_writer(tmp_path):
            pass


def test_the_lock_is_free_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), only_writer(tmp_path):
        raise ZeroDivisionError
    with only_writer(tmp_path):
        pass
    assert multiprocessing.active_children() == []
