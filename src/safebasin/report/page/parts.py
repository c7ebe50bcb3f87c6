"""What every page is put together from: scripts, style, the policy and the data."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from importlib.resources import files
from typing import Any

from markupsafe import Markup
from plotly.offline import get_plotlyjs

from safebasin.report.palette import DARK, LIGHT

# plotly makes a style element without text and fills it through the style sheet's own interface,
# which the policy allows; the element itself it would refuse without this.
EMPTY_STYLE = ""

# The maps inside plotly.js bring 80 kB of style unless an element of this id is there already.
_MAP_STYLE = re.compile(r'document\.getElementById\("([0-9a-f]{64})"\)')

_JSON_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def embed(data: Any) -> Markup:
    """JSON that no HTML parser can leave: `<`, `>`, `&` and both line separators are escaped."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.translate(_JSON_ESCAPES))  # noqa: S704 - escaped in the line itself


def policy(scripts: list[str], styles: list[str]) -> str:
    """A policy that allows these scripts and styles, by their digests, and nothing else."""
    allowed = {"script-src": scripts, "style-src": styles}
    named = [f"{name} {' '.join(map(_digest, texts))}" for name, texts in allowed.items()]
    return "; ".join(["default-src 'none'", *named, "base-uri 'none'", "form-action 'none'"])


def script(name: str) -> str:
    """A script of ours by name, or plotly.js."""
    return get_plotlyjs() if name == "plotly" else _part(f"{name}.js")


def style() -> str:
    """The style sheet, with the palette as custom properties.

    Light unless the reader or their system asks for dark.
    """
    light, dark = (
        "".join(f"--{name}:{value};" for name, value in colours.items())
        for colours in (LIGHT, DARK)
    )
    return (
        f":root{{color-scheme:light;{light}}}\n"
        "@media (prefers-color-scheme:dark){"
        f":root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}\n"
        f":root[data-theme=dark]{{color-scheme:dark;{dark}}}\n"
    ) + _part("page.css")


def unwanted_styles(scripts: list[str]) -> list[str]:
    """Ids of style elements that plotly would make unless they are there already."""
    return sorted({found for script in scripts for found in _MAP_STYLE.findall(script)})


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _part(name: str) -> str:
    return (files("safebasin.report") / "templates" / name).read_text(encoding="utf-8")
