from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from safebasin.weights.philox import philox, stream_key, words

ONES = 0xFFFFFFFF
KNOWN_ANSWERS = {
    "zeros": ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    "ones": ((ONES,) * 4, (ONES,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    "pi": (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
}
"""Counter, key and output of Philox4x32-10, from the known-answer file of Random123."""

KEY = (0xA4093822, 0x299F31D0)
words_32 = st.integers(0, ONES)
starts = st.one_of(st.integers(0, 5000), st.integers(2**33, 2**34 + 9), st.integers(2**50, 2**51))


def wide(x: int) -> int:
    return x & ONES


def philox_in_plain_integers(counter: tuple[int, ...], key: tuple[int, int]) -> tuple[int, ...]:
    """The definition in the paper, in integers of any size."""
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for _ in range(10):
        left, right = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (right >> 32) ^ c1 ^ k0, wide(right), (left >> 32) ^ c3 ^ k1, wide(left)
        k0, k1 = wide(k0 + 0x9E3779B9), wide(k1 + 0xBB67AE85)
    return c0, c1, c2, c3


@pytest.mark.parametrize("name", KNOWN_ANSWERS)
def test_known_answers(name: str) -> None:
    counter, key, expected = KNOWN_ANSWERS[name]
    found = philox(torch.tensor(counter)[:, None], key)
    assert tuple(found[:, 0].tolist()) == expected


@given(st.tuples(words_32, words_32, words_32, words_32), st.tuples(words_32, words_32))
def test_every_counter_and_key_follows_the_definition(
    counter: tuple[int, ...], key: tuple[int, int]
) -> None:
    found = philox(torch.tensor(counter)[:, None], key)
    assert tuple(found[:, 0].tolist()) == philox_in_plain_integers(counter, key)


def test_the_first_words_of_a_stream_are_the_first_counters() -> None:
    found = words((0, 0), 0, 4).tolist()
    assert tuple(found) == KNOWN_ANSWERS["zeros"][2]
    assert tuple(words(KEY, 4, 8).tolist()) == philox_in_plain_integers((1, 0, 0, 0), KEY)


def test_counters_carry_into_the_second_word() -> None:
    start = 4 * 2**32
    found = words(KEY, start - 4, start + 4).tolist()
    assert tuple(found[:4]) == philox_in_plain_integers((ONES, 0, 0, 0), KEY)
    assert tuple(found[4:]) == philox_in_plain_integers((0, 1, 0, 0), KEY)


@settings(deadline=None, max_examples=50)
@given(starts, st.integers(1, 300), st.lists(st.integers(0, 300), max_size=6), st.randoms())
def test_words_do_not_depend_on_chunks_or_order(
    start: int, count: int, cuts: list[int], random: object
) -> None:
    edges = sorted({0, count, *(cut for cut in cuts if cut < count)})
    whole = words(KEY, start, start + count)
    pieces = list(pairwise(edges))
    random.shuffle(pieces)  # type: ignore[attr-defined]
    found = torch.full_like(whole, -1)
    for first, last in pieces:
        found[first:last] = words(KEY, start + first, start + last)
    assert torch.equal(found, whole)


def test_no_words() -> None:
    assert words(KEY, 7, 7).shape == (0,)


def test_words_are_uniform() -> None:
    share = words(KEY, 0, 1 << 18).double() / 2**32
    assert 0 <= float(share.min()) <= float(share.max()) < 1
    counts = torch.histc(share.float(), bins=64, min=0, max=1)
    chi_square = float(((counts - 4096) ** 2 / 4096).sum())
    assert 25 < chi_square < 110  # 63 degrees of freedom: both tails below 1e-4


class TestStreamKey:
    def test_golden(self) -> None:
        key = stream_key("safebasin.direction", 0, 0, "lm_head.weight")
        assert [f"{word:08x}" for word in key] == ["e5dd6e56", "cf4163f4"]

    def test_every_part_matters(self) -> None:
        names = [("a", 0, 1), ("a", 1, 0), ("b", 0, 1), ("a", 0, 11), ("a", 0), ("a0", 1)]
        assert len({stream_key(*parts) for parts in names}) == len(names)
