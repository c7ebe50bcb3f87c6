"""Which files a guard is: found once, so that what a verdict is stored under is what was loaded."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from safebasin.models.adapterfile import read_adapter
from safebasin.models.check import check
from safebasin.models.resolve import resolve_both
from safebasin.records import ModelRef

_COMMIT = re.compile(r"[0-9a-f]{40}")


def on_disk(ref: ModelRef) -> ModelRef:
    """The same model by its folders, whatever the hub will name so tomorrow.

    A model from the hub is downloaded first; none is loaded.

    Raises:
        UsageError, InputRejectedError, ResourceError: see `models.resolve`.
    """
    found = resolve_both(ref)
    return ModelRef(str(found.model), adapter=None if found.adapter is None else str(found.adapter))


def identify(named: ModelRef, local: ModelRef) -> tuple[str, ...]:
    """What the weights are, and those of the adapter, if there is one.

    `OWNER/NAME@COMMIT` for what came from the hub, else digests of what is in the folder: for
    these every byte is read and checked.

    Args:
        named: as the model was asked for.
        local: what `on_disk` made of it.

    Raises:
        InputRejectedError, IntegrityError: see `models.check` and `models.adapterfile`.
    """
    folder = Path(local.source)
    found = [commit_of(named.source, folder) or _digest(folder)]
    if local.adapter is not None:
        folder = Path(local.adapter)
        found.append(commit_of(named.adapter, folder) or read_adapter(folder).digest)
    return tuple(found)


def commit_of(source: str | None, folder: Path) -> str | None:
    """`OWNER/NAME@COMMIT` of a folder in the hub's cache, None of any other."""
    in_cache = folder.parent.name == "snapshots" and _COMMIT.fullmatch(folder.name)
    return f"{source}@{folder.name}" if in_cache else None


def short_hash(*parts: object) -> str:
    """Eight hex digits that depend on everything in `parts`."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:8]


def _digest(folder: Path) -> str:
    checked = check(folder)
    return f"{checked.weights_digest}.{checked.settings_digest}"
