"""Two voices in one text, as some jailbreaks ask for: one declines, and the other answers.

`[GPT]: I'm sorry, but I can't. [DAN]: Sure, …` declines in words and answers in fact, so that what
the second voice says decides. A voice begins with its label at the beginning of a line.
"""

from __future__ import annotations

import re

READ = 4000
"""Characters among which labels are looked for."""

ECHO = 200
"""Characters that may stand before the first label, such as the request."""

LABEL = re.compile(
    r"[ \t>#*_\"']{0,4}(?:"
    r"[\[(<{][^\])>}]{1,28}[\])>}]"  # [GPT], (GPT:), <raw>
    r"|(?i:as [a-z]{2,12}),"  # As GPT,
    r"|(?![\d\-])[^:.,!?*\[\]()\"]{1,28}[*_]{0,3}:(?!//)"  # GPT:, **Evil twin**:
    r")[\s:*\]_-]*"
)
_SIGNS = re.compile(r"\W+")


def two(text: str) -> tuple[slice, slice] | None:
    """Where in a text the first voice speaks, and from where on others do; None if none does."""
    first: re.Match[str] | None = None
    start = 0
    for line in text[:READ].split("\n"):
        label = LABEL.match(line)
        if label and first is None:
            first, begins = label, start + label.end()
        elif label and first and _name(label) != _name(first):
            return slice(begins, start), slice(start + label.end(), None)
        start += len(line) + 1
        if first is None and start > ECHO:
            return None
    return None


def _name(label: re.Match[str]) -> str:
    return _SIGNS.sub("", label[0]).lower()
