"""The one-dimensional safety landscape: random directions through a model, and what it says there.

Source: Peng et al., "Navigating the Safety Landscape" (NeurIPS 2024). Deviations are listed in
docs/method.md.
"""

from __future__ import annotations

from safebasin.models.load import LoadedModel
from safebasin.studies.plan import Plan, make
from safebasin.studies.run import run, run_with_bar
from safebasin.studies.settings import ScanSettings
from safebasin.studies.subject import prepare

__all__ = ["Plan", "plan", "run", "run_with_bar"]


def plan(settings: ScanSettings, loaded: LoadedModel | None = None) -> Plan:
    """Load and check everything that a scan needs, and lay out its work.

    Args:
        settings: what was asked for.
        loaded: the model, if it is loaded already.

    Raises:
        UsageError, InputRejectedError, IntegrityError, ResourceError: see `subject.prepare`.
    """
    rays = settings.rays
    return make("scan", prepare(settings, loaded), rays.plan, {"rays": rays.to_json()})
