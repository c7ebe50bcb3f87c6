"""Philox4x32-10: random words that are a pure function of (key, counter).

Word i of a stream can be computed without the words before it, so a tensor's noise is the same in
any order, in any chunks and on any device.

Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor

Key = tuple[int, int]

_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_MASK = 0xFFFFFFFF


def stream_key(*parts: object) -> Key:
    """The two 32-bit key words of the stream that is named by `parts`."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:8], "little")


def philox(counter_4N: Tensor, key: Key) -> Tensor:
    """Ten rounds of the Philox4x32 bijection over N counters of four 32-bit words each.

    Torch has no unsigned 64-bit product, and needs none: int64 wraps to the same 64 bits, and a
    shift followed by a mask reads them as unsigned.

    Args:
        counter_4N: int64, each entry in [0, 2³²).
        key: two 32-bit words.

    Returns:
        int64 of the same shape, each entry in [0, 2³²).
    """
    c0, c1, c2, c3 = counter_4N
    k0, k1 = key
    for _ in range(_ROUNDS):
        left = c0 * _MULTIPLIERS[0]
        right = c2 * _MULTIPLIERS[1]
        c0 = ((right >> 32) & _MASK) ^ c1 ^ k0
        c2 = ((left >> 32) & _MASK) ^ c3 ^ k1
        c1 = right & _MASK
        c3 = left & _MASK
        k0 = (k0 + _WEYL[0]) & _MASK
        k1 = (k1 + _WEYL[1]) & _MASK
    return torch.stack([c0, c1, c2, c3])


def words(key: Key, start: int, stop: int, device: torch.device | str = "cpu") -> Tensor:
    """Words start … stop−1 of a stream: word i is word i mod 4 of counter ⌊i / 4⌋.

    Args:
        key: from `stream_key`.
        start: index of the first word, at least 0.
        stop: index after the last word.
        device: where to compute them; the words do not depend on it.

    Returns:
        int64 of shape (stop − start,), uniform over [0, 2³²).
    """
    first, last = start // 4, -(-stop // 4)
    index_N = torch.arange(first, last, device=device)
    zero_N = torch.zeros_like(index_N)
    counter_4N = torch.stack([index_N & _MASK, index_N >> 32, zero_N, zero_N])
    words_W = philox(counter_4N, key).T.reshape(-1)
    return words_W[start - 4 * first : stop - 4 * first]
