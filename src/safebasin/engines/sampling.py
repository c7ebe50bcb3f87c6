"""Sampling that can be repeated: each draw is a pure function of seed, response and place in it.

A draw does not depend on the batch, on what was drawn before, or on where in weight space the model
stands. So a run that is stopped and goes on draws the same numbers, and what differs between two
points is the weights, not the luck (common random numbers).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import torch
from torch import Tensor


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn.

    Attributes:
        temperature: divides the logits; above 0.
        seed: of all draws.
    """

    temperature: float
    seed: int


@dataclass(frozen=True)
class Sampler:
    """Draws the tokens of a batch; a `decode.Choose`.

    Attributes:
        sampling: temperature and seed.
        names: of the batch's responses, in order.
    """

    sampling: Sampling
    names: tuple[str, ...]

    def __call__(
        self, logits_NV: Tensor, rows: Sequence[int], steps: Sequence[int]
    ) -> tuple[Tensor, Tensor]:
        """A token of each row, by the inverse of its cumulative distribution in fp64."""
        finite_N = torch.isfinite(logits_NV.amax(dim=1))
        p_NV = (logits_NV.double() / self.sampling.temperature).softmax(dim=1)
        upto_NV = p_NV.cumsum(dim=1)
        drawn = [
            uniform(self.sampling.seed, self.names[row], step)
            for row, step in zip(rows, steps, strict=True)
        ]
        u_N = torch.tensor(drawn, dtype=torch.float64, device=logits_NV.device)
        # Counted in the row's own total, so that rounding can never lead beyond its last token.
        token_N = torch.searchsorted(upto_NV, (u_N * upto_NV[:, -1])[:, None], right=True)[:, 0]
        return token_N.clamp(max=logits_NV.shape[1] - 1), finite_N


def uniform(seed: int, name: str, step: int) -> float:
    """A number in [0, 1) for one token of one response: 53 bits of a BLAKE2b hash."""
    digest = blake2b(f"{seed}\0{name}\0{step}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / 2**53
