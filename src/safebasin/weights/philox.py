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

MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10
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
    return torch.stack(_rounds([word_N.clone() for word_N in counter_4N], key))


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
    counter = [index_N & _MASK, index_N >> 32, torch.zeros_like(index_N), index_N.zero_()]
    words_W = torch.stack(_rounds(counter, key), dim=1).view(-1)
    return words_W[start - 4 * first : stop - 4 * first]


def _rounds(counter: list[Tensor], key: Key) -> list[Tensor]:
    """What `philox` does, in the memory of the counter's four words.

    Two words of each round need no mask before they are multiplied: what lies above their 32 bits
    is masked with the word that they are mixed into.
    """
    c0, c1, c2, c3 = counter
    left, right = torch.empty_like(c0), torch.empty_like(c0)
    k0, k1 = key
    for _ in range(ROUNDS):
        torch.mul(c0, MULTIPLIERS[0], out=left)
        torch.mul(c2, MULTIPLIERS[1], out=right)
        torch.bitwise_right_shift(right, 32, out=c0)
        torch.bitwise_right_shift(left, 32, out=c2)
        c0.bitwise_xor_(c1).bitwise_xor_(k0).bitwise_and_(_MASK)
        c2.bitwise_xor_(c3).bitwise_xor_(k1).bitwise_and_(_MASK)
        c1, right = right, c1
        c3, left = left, c3
        k0 = (k0 + WEYL[0]) & _MASK
        k1 = (k1 + WEYL[1]) & _MASK
    return [c0, c1.bitwise_and_(_MASK), c2, c3.bitwise_and_(_MASK)]
