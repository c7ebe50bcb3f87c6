"""Which endpoints may be asked and with which key, and how the key is kept out of messages."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from safebasin.errors import UsageError
from safebasin.models.shown import shown

OPENAI, VARIABLE = "api.openai.com", "SAFEBASIN_API_KEY"
_LIKE_A_KEY = re.compile(
    r"\bsk-[\w*.-]+|\bBearer\s+[^\s\"'<>]+|(?<=//)[^\s/@\"'<>]+(?=@)", re.IGNORECASE
)
_NAME_HERE = re.compile(r"[a-z][a-z0-9-]*|(.+\.)?(localhost|local|internal|home\.arpa)")


def check_address(url: str) -> tuple[str, str]:
    """The URL that questions go to, and its host, from a base URL as http://localhost:8000/v1.

    Plain http is for this machine and private networks (private addresses, names without a dot or
    under .local, .internal, .localhost, home.arpa): elsewhere key and texts could be read on the
    way.

    Raises:
        UsageError: it is no URL, may hold a key (and so is not shown), or may not use http.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    more = "@" in parts.netloc or parts.query or parts.fragment
    written = url.isprintable() and " " not in url and parts.scheme in ("http", "https")
    if more or not written or not host or port == 0:
        raise UsageError(
            "an endpoint is of the form http://HOST:PORT/v1#MODEL, without credentials or query: "
            f"put a key into {VARIABLE}"
        )
    if parts.scheme == "http" and not _is_near(host):
        raise UsageError(
            f"endpoint {shown(url)} is not on a private network, and http would send key and texts "
            "in clear text: use https, or an ssh tunnel to localhost"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/chat/completions", host


def _is_near(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return _NAME_HERE.fullmatch(host) is not None
    return (getattr(address, "ipv4_mapped", None) or address).is_private


@dataclass(frozen=True, slots=True)
class Key:
    """A key and the variable that held it; it is not part of what is printed."""

    variable: str
    value: str = field(repr=False)


def key_for(host: str) -> Key | None:
    """The key for an endpoint: ours is for whichever is named, OPENAI_API_KEY for OpenAI alone.

    Raises:
        UsageError: the variable holds what cannot be sent as a key.
    """
    for variable in (VARIABLE, *(["OPENAI_API_KEY"] if host == OPENAI else [])):
        value = os.environ.get(variable, "").strip()
        if value and not re.fullmatch("[!-~]+", value):
            raise UsageError(
                f"{variable} holds spaces or characters outside ASCII, as no key does: set it again"
            )
        if value:
            return Key(variable, value)
    return None


def redact(text: str, key: Key | None) -> str:
    """The text without the key, and without anything that looks like one.

    A key of fewer than 8 characters is a placeholder, as local servers are given, and could be part
    of any word: it is left alone.
    """
    if key and len(key.value) >= 8:
        for written in (key.value, quote(key.value, safe="")):
            text = text.replace(written, "[key removed]")
    return _LIKE_A_KEY.sub("[key removed]", text)
