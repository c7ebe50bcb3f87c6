"""Text from models, prompt files and names, made harmless to read.

A response may hold terminal sequences, characters that reverse the reading direction, or half a
surrogate pair. None of these may act on the reader's screen, and none may be hidden either.
"""

from __future__ import annotations

import re
import unicodedata

_KEPT = "\n\t\u200c\u200d"  # layout, and the joiners that Persian, Hindi and emoji need
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_TERMINAL_SEQUENCE = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # operating system commands, such as a window title
    r"|[\x1b][PX^_][^\x1b]*\x1b\\"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|\x1b[ -/]*[0-~]"
)


def visible(text: str) -> str:
    """The text with every character that has an effect but no shape replaced by its name.

    C0 control characters become their Unicode pictures (␛); format characters, among them
    bidirectional overrides, lone surrogates and line separators become `⟨U+202E⟩`. Line feeds,
    tabs and joiners stay. Carriage returns before a line feed are dropped.
    """
    return "".join(map(_picture, text.replace("\r\n", "\n")))


def one_line(text: str, limit: int = 120) -> str:
    """A visible text on one line, cut to `limit` characters with a mark."""
    line = " ".join(visible(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def for_terminal(text: str) -> str:
    """The text on one line, without terminal sequences; other control characters are shown."""
    return one_line(_TERMINAL_SEQUENCE.sub("", text), limit=600)


def _picture(character: str) -> str:
    if character in _KEPT or unicodedata.category(character) not in _HIDDEN:
        return character
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"⟨U+{code:04X}⟩"
