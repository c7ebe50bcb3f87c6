"""The engines by name: what each is for, and how one is made. Light: nothing is imported for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from safebasin.records import Displacement, Skip

if TYPE_CHECKING:
    from safebasin.engines.base import Engine
    from safebasin.engines.sampling import Sampling
    from safebasin.models.load import LoadedModel
    from safebasin.weights.given import Given


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How an engine answers, and what it has to know to stand where it is asked to.

    Attributes:
        skip: which parameters random directions leave in place.
        max_new_tokens: token limit of an answer.
        batch_size: prompts answered at once.
        given: what displacements stand for; see `Overlay`.
        sampling: how tokens are drawn; None takes the most likely one.
    """

    skip: Skip = "norms"
    max_new_tokens: int = 512
    batch_size: int = 80
    given: Mapping[Displacement, Given] | None = None
    sampling: Sampling | None = None


@dataclass(frozen=True)
class About:
    """What a person should know of an engine.

    Attributes:
        title: what it is, in a few words.
        maker: `module:function` from a loaded model and a manner to an engine.
    """

    title: str
    maker: str


CATALOGUE = {
    "transformers": About(
        "the reference engine, in this process, on CPU or GPU",
        "safebasin.engines.transformers:make",
    ),
}


def make(name: str, loaded: LoadedModel, manner: Manner) -> Engine:
    """An engine that runs a model.

    Raises:
        ResourceError: what it needs is not installed, or not there.
    """
    module, _, function = CATALOGUE[name].maker.partition(":")
    made: Engine = getattr(import_module(module), function)(loaded, manner)
    return made
