"""The command line: one small file a verb. Nothing heavy is imported before a verb needs it."""

from safebasin.cli.app import main

__all__ = ["main"]
