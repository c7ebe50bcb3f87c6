"""From an exception to one line and an exit code."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import ClassVar, NoReturn

import typer

from safebasin.errors import InputRejectedError, ResourceError, SafebasinError
from safebasin.memory import ran_out, wanted
from safebasin.report.untrusted import one_line

_NO_MEMORY = "out of memory: use a smaller --batch-size, --max-new-tokens or model"


class State:
    """What was said before the verb."""

    debug: ClassVar[bool] = False


class TerminatedError(BaseException):
    """SIGTERM arrived. Not an `Exception`, so that nothing swallows it on its way out."""


@contextmanager
def guarded(*, resumes: bool = False) -> Iterator[None]:
    """Turn whatever goes wrong inside the block into one line on standard error and an exit code.

    Args:
        resumes: whether the same command goes on where this one stopped; said after a signal.
    """
    previous = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    except SafebasinError as error:
        _fail(str(error), error.exit_code)
    except MemoryError:
        _fail(_NO_MEMORY, ResourceError.exit_code)
    except BrokenPipeError:
        raise
    except OSError as error:
        _fail(
            f"{error.filename or 'the system'}: {error.strerror or error}", ResourceError.exit_code
        )
    except KeyboardInterrupt:
        _stopped("interrupted", 130, resumes)
    except TerminatedError:
        _stopped("terminated", 143, resumes)
    except RuntimeError as error:
        if not ran_out(error):
            raise
        _fail(f"{_NO_MEMORY}{wanted(error)}", ResourceError.exit_code)
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # how Rust's libraries fail; no Exception
            raise
        _fail(
            f"a library failed inside ({error}): the tokenizer or a file that it reads is not "
            "sound; save the model's tokenizer again",
            InputRejectedError.exit_code,
        )
    finally:
        signal.signal(signal.SIGTERM, previous)


def _terminate(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise TerminatedError


def _fail(message: str, code: int) -> NoReturn:
    if State.debug:
        raise
    typer.secho(f"safebasin: {one_line(message, limit=2000)}", err=True, fg="red")
    raise typer.Exit(code)


def _stopped(how: str, code: int, resumes: bool) -> NoReturn:
    command = shlex.join(["safebasin", *sys.argv[1:]])
    rest = f"; what is done is kept, and this goes on with it:\n  {command}" if resumes else ""
    typer.echo(f"\nsafebasin: {how}{rest}", err=True)
    raise typer.Exit(code)
