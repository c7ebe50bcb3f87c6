"""One scan under several system prompts and jailbreaks: the same directions, and paired prompts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

from safebasin.errors import UsageError
from safebasin.models.load import LoadedModel
from safebasin.records import slug
from safebasin.studies.landscape import plan
from safebasin.studies.plan import Plan
from safebasin.studies.settings import ScanSettings

Words = Sequence[str | None]


def conditions(
    settings: ScanSettings, systems: Words = (None,), jailbreaks: Words = (None,)
) -> list[ScanSettings]:
    """The settings of a scan for each system prompt with each jailbreak, in that order.

    With `out`, each has a folder of its own in it.

    Raises:
        UsageError: one of them is named twice.
    """
    for flag, words in (("system", systems), ("jailbreak", jailbreaks)):
        twice = [word for word in words if words.count(word) > 1]
        if twice:
            raise UsageError(f"--{flag} {twice[0]!r} is given twice: name each once")
    each = [
        replace(settings, system=system, jailbreak=jailbreak)
        for system, jailbreak in product(systems, jailbreaks)
    ]
    if settings.out is None or len(each) == 1:
        return each
    return [replace(one, out=settings.out / _folder(one)) for one in each]


def plans(each: Sequence[ScanSettings]) -> Iterator[Plan]:
    """The plan of each scan; the model is loaded once."""
    loaded: LoadedModel | None = None
    for settings in each:
        planned = plan(settings, loaded)
        loaded = planned.loaded
        yield planned


def _folder(settings: ScanSettings) -> str:
    return slug(f"{settings.system or 'none'} {settings.jailbreak or 'none'}")
