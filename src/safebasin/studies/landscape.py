"""The one-dimensional safety landscape: random directions through a model, and what it says there.

Source: Peng et al., "Navigating the Safety Landscape" (NeurIPS 2024). Deviations are listed in
docs/method.md.
"""

from __future__ import annotations

from functools import partial

from safebasin.evaluate import Work
from safebasin.models.load import LoadedModel
from safebasin.studies import bisect, sequential
from safebasin.studies.plan import Plan, make
from safebasin.studies.run import run, run_with_bar
from safebasin.studies.settings import ScanSettings
from safebasin.studies.subject import Subject, prepare

__all__ = ["Plan", "plan", "run", "run_with_bar"]


def plan(settings: ScanSettings, loaded: LoadedModel | None = None) -> Plan:
    """Load and check everything that a scan needs, and lay out its work.

    Args:
        settings: what was asked for.
        loaded: the model, if it is loaded already.

    Raises:
        UsageError, InputRejectedError, IntegrityError, ResourceError: see `subject.prepare`.
    """
    subject = prepare(settings, loaded)
    if settings.adaptive:
        return _adaptive(settings, subject)
    if settings.directions == "auto":
        return _sequential(settings, subject)
    return make("scan", subject, settings.rays.plan, {"rays": settings.rays.to_json()})


def _sequential(settings: ScanSettings, subject: Subject) -> Plan:
    rays = settings.rays
    asked = {"target": settings.target_halfwidth, "most": settings.max_directions}
    work = Work(rays.plan, subject.prompts, subject.batches)
    return make(
        "scan",
        subject,
        rays.plan,
        {"rays": rays.to_json(), "sequential": asked},
        schedule=partial(sequential.schedule, work=work, rays=rays, rule=sequential.rule_of(asked)),
    )


def _adaptive(settings: ScanSettings, subject: Subject) -> Plan:
    rays = settings.rays
    return make(
        "edges",
        subject,
        rays.plan,
        {"rays": rays.to_json(), "block": bisect.BLOCK},
        schedule=partial(bisect.schedule, every=bisect.batches(subject), rays=rays),
    )
