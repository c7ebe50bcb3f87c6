"""The page: one file with everything in it, that loads nothing and trusts nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from safebasin.report import examples as chosen
from safebasin.report import facts, formatting
from safebasin.report.charts import charts
from safebasin.report.examples import Example
from safebasin.report.palette import DARK, LIGHT, MEANING, STACK
from safebasin.report.untrusted import one_line, visible
from safebasin.summary import ScanSummary

__all__ = ["Example", "embed", "render"]

# plotly makes a style element without text and fills it through the style sheet's own interface,
# which the policy allows; the element itself it would refuse without this.
_EMPTY_STYLE = ""

# The maps inside plotly.js bring 80 kB of style unless an element of this id is there already.
_MAP_STYLE = re.compile(r'document\.getElementById\("([0-9a-f]{64})"\)')

_JSON_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def render(summary: ScanSummary, examples: Iterable[Example] = ()) -> str:
    """The page as HTML text.

    Self-contained: its policy allows the two scripts and the style sheet that it was made with,
    by their digests, and no request to anywhere. Texts from models and prompt files are embedded
    as escaped JSON and reach the document as text nodes, after a reader asks for them.

    Args:
        summary: what is shown.
        examples: responses to choose from (see `examples.choose`); none leaves the section empty.
    """
    plotly, script, style = get_plotlyjs(), _part("page.js"), _themes() + _part("page.css")
    environment = Environment(
        loader=PackageLoader("safebasin.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"line": one_line, "visible": visible}
    return environment.get_template("page.html.j2").render(
        policy=_policy([plotly, script], [style, _EMPTY_STYLE]),
        plotly=Markup(plotly),  # noqa: S704 - ours and plotly's; no text from outside
        script=Markup(script),  # noqa: S704
        style=Markup(style),  # noqa: S704
        unwanted_styles=sorted(set(_MAP_STYLE.findall(plotly))),
        payload=embed(_payload(summary, examples)),
        summary=summary,
        partial=formatting.partial(summary),
        legend=[(str(label), MEANING[label]) for label in reversed(STACK)],
        cards=facts.cards(summary),
        directions=facts.direction_rows(summary),
        provenance=facts.provenance(summary),
        warnings=facts.warnings(summary),
    )


def embed(data: Any) -> Markup:
    """JSON that no HTML parser can leave: `<`, `>`, `&` and both line separators are escaped."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.translate(_JSON_ESCAPES))  # noqa: S704 - escaped in the line itself


def _payload(summary: ScanSummary, examples: Iterable[Example]) -> dict[str, Any]:
    ruler = formatting.Ruler.of(summary.axis_P)
    return {
        "charts": charts(summary),
        "points": [[x, ruler.coordinate(x)] for x in summary.axis_P],
        "directions": [direction.index for direction in summary.directions],
        "examples": chosen.payload(examples),
    }


def _policy(scripts: list[str], styles: list[str]) -> str:
    allowed = {"script-src": scripts, "style-src": styles}
    named = [f"{name} {' '.join(map(_digest, texts))}" for name, texts in allowed.items()]
    return "; ".join(["default-src 'none'", *named, "base-uri 'none'", "form-action 'none'"])


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _part(name: str) -> str:
    return (files("safebasin.report") / "templates" / name).read_text(encoding="utf-8")


def _themes() -> str:
    """The palette as custom properties: light unless the reader or their system asks for dark."""
    light, dark = (
        "".join(f"--{name}:{value};" for name, value in colours.items())
        for colours in (LIGHT, DARK)
    )
    return (
        f":root{{color-scheme:light;{light}}}\n"
        "@media (prefers-color-scheme:dark){"
        f":root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}\n"
        f":root[data-theme=dark]{{color-scheme:dark;{dark}}}\n"
    )
