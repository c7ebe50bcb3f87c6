"""What runs in a worker's process before anything of it is known to be there.

This file is sent as it stands, so that a machine with another safebasin, or none, can still say so.
It uses nothing but the standard library until `begin`.
"""

from __future__ import annotations

import os
import pickle
import platform
import socket
from importlib.metadata import PackageNotFoundError, version
from typing import Any

PACKAGES = ("safebasin", "torch", "transformers")


def versions() -> dict[str, str]:
    """What answers depend on, by name."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


class Host:
    """A process with one worker in it."""

    def about(self) -> dict[str, Any]:
        """Where it is, what is installed there, and whether it lets strangers in."""
        return {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "versions": versions(),
            "authenticated": os.environ.get("RAY_AUTH_MODE", "").lower() == "token",
        }

    def begin(self, recipe: bytes) -> None:
        """Make the worker."""
        self._worker = pickle.loads(recipe).make()  # noqa: S301 - from the process that made this one

    def call(self, method: str, *arguments: Any) -> Any:
        """Ask the worker."""
        return getattr(self._worker, method)(*arguments)
