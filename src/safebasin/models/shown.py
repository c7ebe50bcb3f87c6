"""How a name from outside is put into a message: no control characters, and never a page long."""

from __future__ import annotations


def shown(text: object, limit: int = 160) -> str:
    """The text in quotes, control and direction characters escaped, cut to `limit` characters."""
    plain = str(text)
    return repr(plain if len(plain) <= limit else plain[: limit - 1] + "…")
