"""One scan under several system prompts and jailbreaks: the same directions, and paired prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from safebasin.errors import UsageError
from safebasin.records import slug
from safebasin.studies.landscape import plan
from safebasin.studies.plan import Plan
from safebasin.studies.settings import ScanSettings, Settings, require

Words = Sequence[str | None]


def conditions(
    settings: ScanSettings, systems: Words = (None,), jailbreaks: Words = (None,)
) -> list[ScanSettings]:
    """The settings of a scan for each system prompt with each jailbreak, in that order.

    With `out`, each has a folder of its own in it.

    Raises:
        UsageError: one of them is named twice, or there are several and the scan is of a kind that
            cannot be compared.
    """
    for flag, words in (("system", systems), ("jailbreak", jailbreaks)):
        twice = [word for word in words if words.count(word) > 1]
        if twice:
            raise UsageError(f"--{flag} {twice[0]!r} is given twice: name each once")
    each = [
        replace(settings, system=system, jailbreak=jailbreak)
        for system, jailbreak in product(systems, jailbreaks)
    ]
    if len(each) > 1:
        _require_comparable(settings)
    if settings.out is None or len(each) == 1:
        return each
    return [replace(one, out=settings.out / _folder(one)) for one in each]


def plans(each: Sequence[ScanSettings]) -> list[Plan]:
    """The plan of each scan, so that all are checked before one is run; the model is loaded once.

    Raises:
        UsageError: two of them mean the same scan.
    """
    found: list[Plan] = []
    for settings in each:
        planned = plan(settings, found[0].loaded if found else None)
        for other in found:
            require(
                planned.request != other.request,
                f"{_told(other.subject.settings)} and {_told(settings)} mean the same: name each "
                "once",
            )
        found.append(planned)
    return found


def _require_comparable(settings: ScanSettings) -> None:
    """Said here, because it would else be found out after all scans are done."""
    asked = "--adaptive" if settings.adaptive else "--directions auto"
    require(
        not settings.adaptive and settings.directions != "auto",
        f"several conditions are compared along the same points, which {asked} chooses anew for "
        "each: leave it out, or give one --system and one --jailbreak",
    )


def _told(settings: Settings) -> str:
    return f"--system {settings.system or 'none'} --jailbreak {settings.jailbreak or 'none'}"


def _folder(settings: ScanSettings) -> str:
    return slug(f"{settings.system or 'none'} {settings.jailbreak or 'none'}")
