"""Places that a model can stand at: the checkpoint, and how far along which ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Noise = Literal["gaussian", "rademacher"]
Norm = Literal["layer", "row", "model"]
Skip = Literal["norms", "vectors", "none"]


@dataclass(frozen=True, slots=True)
class Direction:
    """A random direction in weight space, as a recipe: what it is, not its values.

    Attributes:
        index: which of the run's directions, from 0.
        seed: the run's seed.
        noise: distribution of the entries before normalisation.
        norm: what the noise is scaled to: each tensor's Frobenius norm ("layer", as published),
            each output row's norm ("row"), or the norm of all moved weights together ("model").
        skip: which parameters stay where they are: those of normalisation layers ("norms", as
            published), every one-dimensional one ("vectors"), or none.
        orthogonal_to: index of an earlier direction of the same recipe that this one is made
            orthogonal to, per tensor.
    """

    index: int
    seed: int = 0
    noise: Noise = "gaussian"
    norm: Norm = "layer"
    skip: Skip = "norms"
    orthogonal_to: int | None = None

    @property
    def key(self) -> str:
        """A name that is the same for the same recipe and differs for any other."""
        orthogonal = "" if self.orthogonal_to is None else f"~{self.orthogonal_to}"
        return f"{self.noise}.{self.norm}.{self.skip}.s{self.seed}.d{self.index}{orthogonal}"


@dataclass(frozen=True, slots=True)
class Displacement:
    """A given way through weight space: to another checkpoint, or along a mixture of such ways.

    It is a name; `Manner.given` says what it stands for.

    Attributes:
        digest: a hash of everything that it is made of.
    """

    digest: str

    @property
    def key(self) -> str:
        """A name that two displacements share only if they are the same."""
        return f"to.{self.digest[:16]}"


@dataclass(frozen=True, slots=True)
class Steering:
    """Vectors that are added to the residual stream after some layers, α times.

    It is a name; `Manner.beside` says what it stands for.

    Attributes:
        digest: a hash of the vectors and their layers.
    """

    digest: str

    @property
    def key(self) -> str:
        """A name that two steerings share only if they are the same."""
        return f"steer.{self.digest[:16]}"


@dataclass(frozen=True, slots=True)
class Prefill:
    """Beginnings of answers that are put into the model's mouth; α is the number of their tokens.

    Attributes:
        digest: a hash of every prompt's beginning.
    """

    digest: str

    @property
    def key(self) -> str:
        """A name that two prefills share only if they are the same."""
        return f"prefill.{self.digest[:16]}"


WeightWay = Direction | Displacement
"""What moves weights; see `safebasin.weights.overlay`."""

Way = WeightWay | Steering | Prefill
"""Whatever changes a model on the way to a place."""


@dataclass(frozen=True, slots=True)
class Point:
    """A place: the checkpoint, and how far along which ways. No terms: the checkpoint itself.

    The ways through weight space give θ₀ + Σ α · way; a steering changes what its layers say
    there, and a prefill how answers begin.
    """

    terms: tuple[tuple[Way, float], ...] = ()

    def __post_init__(self) -> None:
        kept = tuple((way, float(x)) for way, x in self.terms if x != 0)
        object.__setattr__(self, "terms", kept)

    @property
    def weight_terms(self) -> tuple[tuple[WeightWay, float], ...]:
        """How far it is along the ways through weight space."""
        return tuple((w, x) for w, x in self.terms if isinstance(w, (Direction, Displacement)))

    @property
    def weights(self) -> Point:
        """Where it is in weight space."""
        return Point(self.weight_terms)

    @property
    def key(self) -> str:
        """A name that two points share only if they are the same place."""
        if not self.terms:
            return "origin"
        return " ".join(f"{way.key}@{x!r}" for way, x in self.terms)
