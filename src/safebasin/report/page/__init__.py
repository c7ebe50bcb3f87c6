"""The page: one file with everything in it, that loads nothing and trusts nothing."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, Protocol

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from safebasin.report import examples as chosen
from safebasin.report import facts, judges
from safebasin.report.examples import Example
from safebasin.report.page import comparison, judged, line, plane, scan, searches
from safebasin.report.page.parts import (
    EMPTY_STYLE,
    embed,
    policy,
    script,
    style,
    unwanted_styles,
)
from safebasin.report.palette import MEANING, STACK, ink
from safebasin.report.places import places
from safebasin.report.untrusted import one_line, visible
from safebasin.report.wording import in_words
from safebasin.summary import (
    AnySummary,
    ComparisonSummary,
    EdgesSummary,
    LineSummary,
    PlaneSummary,
    ScanSummary,
    Summary,
)

__all__ = ["Example", "embed", "render"]


class Study(Protocol):
    """What a study adds to its page; each of its modules has these."""

    @property
    def NAME(self) -> str:
        """Of its template, NAME.html.j2."""

    @property
    def SCRIPTS(self) -> tuple[str, ...]:
        """In the order in which they run: "plotly" where it is used, "core", then its own."""

    def content(self, summary: Any, /) -> dict[str, Any]:
        """What its template uses beyond what every page has."""

    def payload(self, summary: Any, /) -> dict[str, Any]:
        """What its scripts use: charts, and the places that a reader can choose."""


_STUDIES: dict[type, Study] = {
    ScanSummary: scan,
    PlaneSummary: plane,
    LineSummary: line,
    EdgesSummary: searches,
    ComparisonSummary: comparison,
}


def render(summary: AnySummary, examples: Iterable[Example] = ()) -> str:
    """The page of any study as HTML text.

    Self-contained: its policy allows the scripts and the style sheet that it was made with, by
    their digests, and no request to anywhere. Texts from models and prompt files are embedded
    as escaped JSON and reach the document as text nodes, after a reader asks for them.

    Args:
        summary: what is shown.
        examples: responses to choose from (see `examples.choose`); none leaves the section empty.
    """
    study = _STUDIES[type(summary)]
    scripts, look = [script(name) for name in study.SCRIPTS], style()
    environment = Environment(
        loader=PackageLoader("safebasin.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "line": one_line,
        "visible": visible,
        "in_words": partial(in_words, summary),
    }
    keys = [place.key for place in places(summary)]
    payload = study.payload(summary) | {"examples": chosen.payload(examples, keys)}
    return environment.get_template(f"{study.NAME}.html.j2").render(
        policy=policy(scripts, [look, EMPTY_STYLE]),
        scripts=[Markup(one) for one in scripts],  # noqa: S704 - ours and plotly's
        style=Markup(look),  # noqa: S704
        unwanted_styles=unwanted_styles(scripts),
        payload=embed(payload),
        summary=summary,
        legend=[(str(label), in_words(summary, MEANING[label])) for label in reversed(STACK)],
        benign_ink=partial(ink, kind="benign"),
        cards=facts.cards(summary),
        provenance=facts.provenance(summary),
        warnings=facts.warnings(summary),
        caption=judges.caption(summary),
        labels_by=judges.first(summary),
        judged=judged.content(summary) if isinstance(summary, Summary) else None,
        **study.content(summary),
    )
