"""Language models as judges, by published rubrics: behind an endpoint, or loaded here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from safebasin.errors import UsageError
from safebasin.judges.rubrics.endpoint import EndpointJudge, Manner, Patience
from safebasin.judges.rubrics.published import RUBRICS
from safebasin.judges.rubrics.rubric import Rubric
from safebasin.models.shown import shown

if TYPE_CHECKING:
    from safebasin.judges.rubrics.local import LocalRubricJudge

__all__ = ["RUBRICS", "EndpointJudge", "Manner", "Patience", "Rubric", "rubric"]


def rubric(
    name: str,
    where: str,
    *,
    policy: str | None = None,
    manner: Manner | None = None,
    patience: Patience | None = None,
    device: str = "auto",
    batch_size: int = 8,
) -> EndpointJudge | LocalRubricJudge:
    """A judge by name, behind the endpoint or with the model that WHERE names.

    Args:
        name: one of `RUBRICS`.
        where: `http://host:port/v1#model-name`, or a MODEL.
        policy: what a model should not do, instead of our summary; `rubric-harmfulness` only.
        manner: for an endpoint.
        patience: for an endpoint.
        device: for a model here.
        batch_size: for a model here.

    Raises:
        UsageError: there is no such rubric, or it has no policy, or the endpoint is not one that
            may be used.
        InputRejectedError: the model is not fit to be used.
        ResourceError: the extra `api` is not installed, or the model is out of reach.
    """
    if name not in RUBRICS:
        raise UsageError(f"no rubric is called {shown(name)}; there are: {', '.join(RUBRICS)}")
    chosen = RUBRICS[name]
    if policy is not None:
        if not chosen.policy or not policy.strip():
            raise UsageError(f"{name} takes no such policy: leave it out")
        chosen = replace(chosen, policy=policy)
    if where.lower().startswith(("http://", "https://")):
        url, _, model = where.partition("#")
        return EndpointJudge(chosen, url, model, manner=manner, patience=patience)
    from safebasin.judges.rubrics.local import LocalRubricJudge

    return LocalRubricJudge(chosen, where, device=device, batch_size=batch_size)
