"""Which file systems a run may live on, and how much room there is."""

from __future__ import annotations

import shutil
from pathlib import Path

from safebasin.errors import ResourceError

NETWORKED = frozenset(
    {
        *(
            "afs",
            "beegfs",
            "ceph",
            "cifs",
            "gpfs",
            "lustre",
            "ncpfs",
            "nfs",
            "nfs4",
            "smb3",
            "smbfs",
        ),
        *("fuse.ceph", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs"),
    }
)

_MOUNTS = Path("/proc/mounts")


def require_local(folder: Path, mounts: Path = _MOUNTS) -> None:
    """Make sure that a run's log and lock work where it is to be written.

    SQLite's write-ahead log shares memory between processes of one host, and a lock on a network
    file system may outlive its holder.

    Args:
        folder: need not exist yet.
        mounts: the kernel's table of what is mounted where; without one nothing is refused.

    Raises:
        ResourceError: the folder is on a network file system.
    """
    kind = _kind(folder, mounts)
    if kind in NETWORKED:
        raise ResourceError(
            f"{folder} is on {kind}, a network file system, where a run could be damaged: pass an "
            "--out on a disk of this machine and copy the folder when it is done"
        )


def room(folder: Path, needed: int | None = None) -> str:
    """What a message says of room: "; 5,000 bytes are needed, 120 are free", as far as it is known.

    Args:
        folder: where something could not be written.
        needed: bytes of it.
    """
    told = [] if needed is None else [f"{needed:,} bytes are needed"]
    try:
        unit = "" if told else " bytes"
        told.append(f"{shutil.disk_usage(folder).free:,}{unit} are free")
    except OSError:
        pass
    return f"; {', '.join(told)}" if told else ""


def _kind(folder: Path, mounts: Path) -> str:
    """The type of the innermost mount that holds a folder; later entries cover earlier ones."""
    try:
        table = [line.split() for line in mounts.read_text(errors="replace").splitlines()]
    except OSError:
        return ""
    place = folder.absolute().resolve()
    found = [
        (len(point.parts), order, entry[2])
        for order, entry in enumerate(table)
        if len(entry) > 2 and place.is_relative_to(point := Path(entry[1].replace("\\040", " ")))
    ]
    return max(found)[2] if found else ""
