"""A text without what only its typography varies, and the way back to where its words stand."""

from __future__ import annotations

import re

_SAME = {
    "'": "’‘ʼ`´′＇ʹ‛",
    '"': "“”„«»＂‟",
    " ": "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f"
    "\u205f\u3000\t\r\v\f–—",
    "\n": "\u2028\u2029\u0085",
    "-": "‐‑‒−",
    "": "*_#~>\u00ad\u200b\u200c\u200d\u2060\ufeff",
}
_FULL_WIDTH = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_MEANT = _FULL_WIDTH | {sign: meant for meant, signs in _SAME.items() for sign in signs}
_ASCII = tuple((sign, meant) for sign, meant in _MEANT.items() if sign.isascii())
_OTHER = re.compile(r"[^\x00-\x7f]")


def plain(text: str) -> str:
    """Lower case, straight quotes, ordinary spaces, no markdown and no invisible signs."""
    for sign, meant in _ASCII:
        if sign in text:
            text = text.replace(sign, meant)
    if not text.isascii():
        for sign in set(_OTHER.findall(text)):
            text = text.replace(sign, _MEANT.get(sign, sign))
    return text.lower()


_BEFORE = re.compile(r"\s*(?:(?:[<\[]/?\w{1,9}[>\]]|<\|\w{1,20}\|>(?:assistant|model)?\b)\s*)*")


def start_of(text: str) -> int:
    """Where a text starts, behind blanks and what a chat template left, as `<s>` or `[OUT]`."""
    return _BEFORE.match(text).end()  # type: ignore[union-attr] # it matches the empty string


def place(text: str, start: int, end: int) -> tuple[int, int]:
    """Where in a text the characters [start, end) of its plain form stand.

    Args:
        text: as it was given to `plain`.
        start: first character in the plain form.
        end: behind the last one; greater than `start`.
    """
    if len(plain(text[:end])) == end:
        return start, end
    at: list[int] = []
    for number, sign in enumerate(text):
        at.extend([number] * len(_MEANT.get(sign, sign).lower()))
        if len(at) >= end:
            break
    return at[start], at[min(end, len(at)) - 1] + 1
