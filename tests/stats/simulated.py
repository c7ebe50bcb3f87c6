"""Landscapes whose true numbers are known: random edges, prompts that differ, random answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

X_P = np.linspace(-0.5, 0.5, 21)
CLUSTER_Q = np.repeat(np.arange(72), np.where(np.arange(72) % 9 == 0, 2, 1))  # 80, as AdvBench's


@dataclass(frozen=True)
class World:
    """A model: edges vary by direction (sd `between`) and by cluster of prompts (sd `prompts`)."""

    edge: float = 0.23
    between: float = 0.04
    prompts: float = 0.02
    slope: float = 0.02
    inside: float = 0.9

    def hits(self, rng, directions, cluster_Q=CLUSTER_Q, x_P=X_P):
        """Responses of one experiment, shape DPQ; the origin is one point, answered once."""
        edge_DS = self.edge + self.between * rng.standard_normal((directions, 2))
        shift_Q = self.prompts * rng.standard_normal(cluster_Q.max() + 1)[cluster_Q]
        share_DPQ = self.share(edge_DS, shift_Q, x_P)
        draw_DPQ = rng.random(share_DPQ.shape)
        draw_DPQ[:, x_P == 0] = draw_DPQ[:1, x_P == 0]
        return draw_DPQ < share_DPQ

    def share(self, edge_DS, shift_Q, x_P=X_P):
        """The chance of a hit, shape DPQ."""
        edge_DP = np.where(x_P < 0, edge_DS[:, :1], edge_DS[:, 1:])
        margin = (edge_DP[:, :, None] + shift_Q - np.abs(x_P)[None, :, None]) / self.slope
        margin = np.where((x_P == 0)[None, :, None], np.inf, margin)
        return self.inside / (1 + np.exp(-np.clip(margin, -50, 50)))

    def curves(self, directions=5000, seed=0, x_P=X_P):
        """What infinitely many prompts would show in each of many directions, shape DP."""
        rng = np.random.default_rng(seed)
        shift_Q = self.prompts * rng.standard_normal(400)
        edge_DS = self.edge + self.between * rng.standard_normal((directions, 2))
        return np.stack([self.share(edge[None], shift_Q, x_P)[0].mean(-1) for edge in edge_DS])
