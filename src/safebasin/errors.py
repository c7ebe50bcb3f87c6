"""Every refusal: one line that names the object and the remedy, and an exit code of its own.

Nothing is lost when one of these is raised: what was stored stays stored.
"""

from __future__ import annotations

from typing import ClassVar


class SafebasinError(Exception):
    """Base of every error that safebasin raises on purpose.

    The message is one sentence for a person: what was found, where, and what to do next.
    """

    exit_code: ClassVar[int] = 1


class UsageError(SafebasinError, ValueError):
    """An argument is out of range, or contradicts the run that it is for."""

    exit_code = 2


class InputRejectedError(SafebasinError, ValueError):
    """A model, prompt file or template is not fit to be used."""

    exit_code = 3


class IntegrityError(SafebasinError, RuntimeError):
    """Something stored or loaded is not what it was."""

    exit_code = 4


class ResourceError(SafebasinError, OSError):
    """Disk, memory or a device ran out or is out of reach."""

    exit_code = 5


class FailedPointsError(SafebasinError, RuntimeError):
    """The run is finished, but some of its points have no answer."""

    exit_code = 6


class LockedError(SafebasinError, RuntimeError):
    """Another process is writing to this run."""

    exit_code = 7


class ReproducibilityError(SafebasinError, RuntimeError):
    """A check that should have given the same bits did not."""

    exit_code = 8
