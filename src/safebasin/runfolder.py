"""The folder of a run: begun with one request, which is frozen in `run.json`."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from safebasin.disk import require_local, room
from safebasin.errors import IntegrityError, ReproducibilityError, ResourceError, UsageError

SCHEMA_VERSION = 1
"""Of `run.json` alone; the store has its own."""

Request = Mapping[str, Any]
"""Everything that decides what a run contains, as JSON values."""

_WEIGHTS, _SETTINGS = "model.weights_digest", "model.settings_digest"
_DEVICE = "model.device"


def request_digest(request: Request) -> str:
    """A hash of a request: equal requests make the same run."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


def verb(request: Request) -> str:
    """What a run was begun with, for messages."""
    study = str(request.get("study"))
    return {"edges": "scan --adaptive"}.get(study, study)


def write_whole(path: Path, text: str, *, private: bool = False) -> None:
    """Replace a file at once: readers see the old text or the new, never a part.

    Args:
        path: of the file.
        text: all that it will hold.
        private: whether only its owner may read it; else the user's umask decides.

    Raises:
        ResourceError: it cannot be written; the old file is intact.
    """
    temporary = path.with_name(path.name + ".part")
    try:
        temporary.unlink(missing_ok=True)
        temporary.touch(mode=0o600 if private else 0o666)
        with temporary.open("w", encoding="utf-8", newline="\n") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)
        _keep_name(path.parent)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        told, remedy = (
            (room(path.parent, len(text.encode())), "make room")
            if full
            else ("", "let yourself write there")
        )
        raise ResourceError(
            f"{path} cannot be written ({error.strerror}{told}): {remedy}, then run the same "
            "command again"
        ) from error


def _keep_name(folder: Path) -> None:
    """A new name is on the disk only when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def prepare(folder: Path) -> None:
    """Make the folder, or make sure that it is a run or empty.

    Raises:
        UsageError: it is a file, or holds something that is not a run.
        ResourceError: it cannot be made or written, or is on a network file system.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--out {folder} is a file; pass a folder")
    require_local(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(13, "Permission denied")
        foreign = any(folder.iterdir()) and not (folder / "run.json").exists()
        if foreign and not _only_ours(folder):
            raise UsageError(
                f"--out {folder} holds other files and is not a run; pass a new folder"
            )
    except OSError as error:
        raise ResourceError(
            f"--out {folder} cannot be written ({error.strerror}); pass a folder that can"
        ) from error


def _only_ours(folder: Path) -> bool:
    """A run that was killed in its first moments: a lock, and perhaps half a run.json."""
    return {path.name for path in folder.iterdir()} <= {"lock", "run.json.part"}


def freeze(folder: Path, request: Request) -> None:
    """Write the request of a new run, or make sure that an old run has the same one.

    Raises:
        UsageError, IntegrityError: see `require_same` and `read_request`.
    """
    if not (folder / "run.json").exists():
        content = {
            "schema_version": SCHEMA_VERSION,
            "request": request,
            "request_digest": request_digest(request),
        }
        write_whole(folder / "run.json", json.dumps(content, indent=2, sort_keys=True) + "\n")
    require_same(folder, request)


def on_its_device(folder: Path, request: Request) -> Request:
    """The request that a run was begun with, if it differs in the kind of device alone; else this.

    Args:
        folder: of the run; need not exist.
        request: what is asked for now.

    Raises:
        IntegrityError: see `read_request`.
    """
    if not (folder / "run.json").exists():
        return request
    kept = read_request(folder)
    return kept if _different(_flat(kept), _flat_now(request)) == [_DEVICE] else request


def require_same(folder: Path, request: Request) -> None:
    """Make sure that a run was begun with this request.

    Raises:
        UsageError: it has other settings; every key that differs is listed.
        IntegrityError: the settings are the same, but the files behind the model's name are not.
        ReproducibilityError: everything is the same but the kind of device.
    """
    kept, now = _flat(read_request(folder)), _flat_now(request)
    different = _different(kept, now)
    listed = "; ".join(
        f"{key}: {_brief(kept.get(key))} there, {_brief(now.get(key))} now" for key in different
    )
    if different and set(different) <= {_WEIGHTS, _SETTINGS}:
        raise IntegrityError(
            f"the files of {now['model.name']} are not those that {folder} was begun with "
            f"({listed}): restore the checkpoint, or pass another --out"
        )
    if different == [_DEVICE]:
        raise ReproducibilityError(
            f"{folder} was begun on {kept[_DEVICE]}, and this is {now[_DEVICE]}, which may round "
            "otherwise: go on where it began, pass another --out, or --allow-mixed, which is noted"
        )
    if different:
        raise UsageError(
            f"{folder} holds a run with other settings ({listed}): "
            "use these settings, or pass another --out"
        )


def read_request(folder: Path) -> dict[str, Any]:
    """The request that a run was begun with.

    Raises:
        UsageError: the folder is not a run.
        IntegrityError: `run.json` is damaged or was edited, or is of a newer schema.
    """
    path = folder / "run.json"
    if not path.exists():
        raise UsageError(f"{folder} is not a run: it has no run.json")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version, request = content["schema_version"], content["request"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IntegrityError(
            f"{path} cannot be read as a run ({error!r}): restore the file, or scan again into a "
            "new --out"
        ) from error
    if version != SCHEMA_VERSION:
        raise IntegrityError(
            f"{folder} has schema {version}; this safebasin reads {SCHEMA_VERSION}: "
            "use the version that wrote it"
        )
    if content.get("request_digest") != request_digest(request):
        raise IntegrityError(
            f"{path} was edited after the run began: restore the file, or scan again into a new "
            "--out"
        )
    return dict(request)


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        value = dict(enumerate(value))
    if isinstance(value, dict):
        parts = [_flat(item, f"{prefix}{key}.") for key, item in value.items()]
        return {key: item for part in parts for key, item in part.items()}
    return {prefix.removesuffix("."): value}


def _flat_now(request: Request) -> dict[str, Any]:
    """Of a request as it would come back from its file."""
    return _flat(json.loads(json.dumps(request)))


def _different(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """The keys in which two flat requests differ."""
    return sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))


def _brief(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else text[:79] + "…"
