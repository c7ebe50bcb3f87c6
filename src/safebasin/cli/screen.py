"""What a summary looks like in the terminal: warnings, then checkpoints where there are any."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from safebasin.summary import Place, Trajectory

_NAME = 22  # columns of a checkpoint's name
_LED = re.compile(r"(?:Not final|Warning): .+?\.(?: |$)")


def screen(summary: Any) -> RenderableType:
    """The result of any study, at most 80 columns wide."""
    from rich.console import Group
    from rich.text import Text

    from safebasin.report.tables import terminal
    from safebasin.report.untrusted import for_terminal

    warnings, said = _apart(summary)
    parts: list[RenderableType] = [Text(for_terminal(one), style="yellow") for one in warnings]
    found = getattr(said, "trajectory", None)
    if found is not None and found.places:
        parts += [_checkpoints(said, found), ""]
    return Group(*parts, terminal(said))


def _apart(summary: Any) -> tuple[list[str], Any]:
    """The warnings that a headline begins with, and the summary without them."""
    warnings, headline = [], summary.sentences.headline
    while led := _LED.match(headline):
        warnings.append(led[0].strip())
        headline = headline[led.end() :]
    sentences = summary.sentences.model_copy(update={"headline": headline})
    return warnings, summary.model_copy(update={"sentences": sentences})


def _checkpoints(summary: Any, found: Trajectory) -> Table:
    """Where each checkpoint lies, and what it does itself."""
    from rich.table import Table
    from rich.text import Text

    from safebasin.report.formatting import count
    from safebasin.report.untrusted import for_terminal, one_line
    from safebasin.report.wording import in_words

    table = Table(box=None, padding=(0, 1, 0, 0), title_justify="left", title_style="bold")
    table.header_style = "dim"
    many = count(len(found.places), "checkpoints")
    table.title = Text(
        f"{many} of the fine-tune of {one_line(for_terminal(summary.model.name), 30)}"
    )
    table.add_column("checkpoint", no_wrap=True)
    flat = found.places[0].y is not None
    benign = in_words(summary, "coherent, benign")
    for head in (
        "x",
        *(("y",) if flat else ()),
        "moved",
        "of the edge",
        "refused, harmful",
        benign,
    ):
        table.add_column(head, justify="right")
    for place in found.places:
        name = Text(one_line(for_terminal(place.name), _NAME))
        table.add_row(name, *map(Text, _cells(place, flat=flat)))
    return table


def _cells(place: Place, *, flat: bool) -> list[str]:
    """Coordinates, distance relative to the weights, share of the safety edge, and what it says."""
    from safebasin.report.formatting import UNDEFINED, number, percent, share

    where = [place.x, place.y] if flat else [place.x]
    ratio = "–" if place.edge_ratio is None else percent(place.edge_ratio)
    harmful, benign = place.measured.get("harmful", {}), place.measured.get("benign", {})
    said = (share(harmful.get("refused")), share(benign.get("complied")))
    return [
        *(number(x, 3) for x in where),
        f"{place.distance:#.3g}",
        ratio,
        *("–" if one.value == UNDEFINED else one.value for one in said),
    ]
