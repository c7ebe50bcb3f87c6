"""`safebasin.compare`: several scans on the same directions, held against the first."""

from __future__ import annotations

import hashlib
from pathlib import Path

from safebasin.errors import ResourceError, UsageError
from safebasin.runfolder import write_whole
from safebasin.store import reading
from safebasin.studies.finishing import finished
from safebasin.studies.rays import Rays
from safebasin.studies.result import Comparison, Scan, command, result
from safebasin.studies.summaries import comparison as summaries
from safebasin.studies.summaries.aligned import Run
from safebasin.studies.summaries.shares import shares
from safebasin.studies.summaries.spoken import FACT


def compare(*runs: Scan | Path | str, out: Path | str | None = None) -> Comparison:
    """Compare scans that went along the same directions. `safebasin compare` in Python.

    Differences are taken against the first one, paired by direction and, where the prompts are the
    same or wrap the same requests, by prompt.

    Args:
        runs: two or more scans, or their folders.
        out: folder for the summary and the page; by default one in `safebasin-runs`, named after
            what is compared.

    Raises:
        UsageError: fewer than two, no scans, not complete, or on other directions or points; what
            differs is named.
        ResourceError: the folder cannot be written.
    """
    folders = [run.folder if isinstance(run, Scan) else Path(run) for run in runs]
    if len(folders) < 2:
        raise UsageError("one run has nothing to be compared with: name two or more")
    found = [_read(folder) for folder in folders]
    for other in found[1:]:
        _require_comparable(found[0], other)
    summary = summaries.summarise(found)
    names = " ".join(run.summary.provenance["content_digest"] for run in found)
    digest = hashlib.sha256(names.encode()).hexdigest()[:8]
    folder = Path(out) if out else Path("safebasin-runs") / f"compare-{digest}"
    _prepare(folder)
    write_whole(folder / "summary.json", summary.to_json())
    return Comparison(folder, summary)


def _read(folder: Path) -> Run:
    with reading(folder) as kept, finished(kept) as store:
        found = result(folder, store)
        if not isinstance(found, Scan):
            raise UsageError(
                f"{folder} is a run of {command(found)}; only those of `safebasin scan` can be"
            )
        rays = Rays(**store.request["rays"]).first(len(found.summary.directions))
        sides = shares(store, [point.key for point in rays.plan])
        originals, talk = (store.recall(name) or {} for name in ("originals", FACT))
        return Run(folder, found.summary, sides, rays, originals, talk)


def _require_comparable(first: Run, other: Run) -> None:
    if not other.summary.status.complete or not first.summary.status.complete:
        unfinished = first if not first.summary.status.complete else other
        raise UsageError(
            f"{unfinished.folder} is not complete: run its command again, then compare"
        )
    one, two = first.rays.to_json(), other.rays.to_json()
    different = [f"{name} is {one[name]} and {two[name]}" for name in one if one[name] != two[name]]
    judges = first.summary.judges[0].name, other.summary.judges[0].name
    if judges[0] != judges[1]:
        different.append(f"the first judge is {judges[0]} and {judges[1]}")
    if different:
        raise UsageError(
            f"{first.folder} and {other.folder} cannot be compared: {'; '.join(different)}; scan "
            "again with the same values"
        )


def _prepare(folder: Path) -> None:
    if (folder / "run.json").exists():
        raise UsageError(f"--out {folder} is a run: pass another folder for the comparison")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResourceError(
            f"--out {folder} cannot be made ({error.strerror}); pass a folder that can"
        ) from error
