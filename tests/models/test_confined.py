from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from safebasin.errors import InputRejectedError, IntegrityError
from safebasin.models.confined import confined


def run(work: Callable[[], bytes], *, max_bytes: int = 1 << 20) -> bytes:
    return confined(work, seconds=1.0, max_bytes=max_bytes, what="the work")


def test_it_returns_what_the_work_returns() -> None:
    assert run(lambda: b"") == b""
    assert run(lambda: b"\0" * 300_000) == b"\0" * 300_000


def test_the_work_changes_nothing_here() -> None:
    kept: list[int] = []
    run(lambda: kept.append(1) or b"")
    assert kept == []


def test_an_endless_loop_ends() -> None:
    def loop() -> bytes:
        while True:
            pass

    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    with pytest.raises(InputRejectedError, match="the work takes too long"):
        run(loop)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 2


def test_long_output_is_cut_off() -> None:
    with pytest.raises(InputRejectedError, match="writes more than 1 MB"):
        run(lambda: b"x" * (50 << 20))


def test_much_memory_is_refused() -> None:
    with pytest.raises(InputRejectedError, match="ran out of memory"):
        run(lambda: b"x" * (1 << 32))


@pytest.mark.parametrize("death", [lambda: os._exit(3), lambda: os.kill(os.getpid(), 9)])
def test_a_death_is_told(death: Callable[[], bytes]) -> None:
    with pytest.raises(InputRejectedError, match="died"):
        run(death)


class PanicException(BaseException):
    pass


def test_what_the_work_raises_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    def fail(error: BaseException) -> bytes:
        os.write(2, b"thread panicked at ...")
        raise error

    with pytest.raises(InputRejectedError, match=r"the work fails .'ZeroDivisionError: by 0'"):
        run(lambda: fail(ZeroDivisionError("by 0")))
    with pytest.raises(InputRejectedError, match=r"the work fails .'PanicException: inside'"):
        run(lambda: fail(PanicException("inside")))
    with pytest.raises(IntegrityError, match="one of ours"):
        run(lambda: fail(IntegrityError("one of ours")))
    assert capfd.readouterr().err == ""


def test_its_time_is_the_processors_own() -> None:
    """A child that waits for a busy machine is not one that never ends."""
    assert run(lambda: time.sleep(2.5) or b"late") == b"late"


def test_no_file_can_be_written(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    with pytest.raises(InputRejectedError, match=r"the work fails .'OSError"):
        run(lambda: bytes(canary.write_text("out")))
    assert not canary.exists() or canary.read_bytes() == b""


def test_no_child_and_no_pipe_is_left() -> None:
    before, children = len(list(Path("/proc/self/fd").iterdir())), _children()
    for _ in range(3):
        run(lambda: b"x")
        with pytest.raises(InputRejectedError):
            run(lambda: b"x" * 100, max_bytes=10)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert _children() == children


def _children() -> str:
    """Process ids of this process's children, dead ones that nobody waited for included."""
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text()


def test_without_fork_the_limit_on_output_still_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    assert run(lambda: b"x") == b"x"
    with pytest.raises(InputRejectedError, match="writes more than"):
        run(lambda: b"x" * (2 << 20))
