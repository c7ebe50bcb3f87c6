"""The terminal shows what was asked for first: checkpoints, where there are any."""

from __future__ import annotations

import io

from report.factory_line import line
from report.factory_plane import plane
from rich.console import Console

from safebasin.cli.screen import screen
from safebasin.report.formatting import share


def shown(summary) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=80, color_system=None).print(screen(summary), highlight=False)
    return out.getvalue().splitlines()


def test_checkpoints_come_before_the_map() -> None:
    for made in (line(checkpoints=4), line(checkpoints=1)):
        said = shown(made)
        places = made.trajectory.places
        assert said[0].startswith(f"{len(places)} checkpoint")
        assert said[0].startswith("1 checkpoints") is False
        for place, row in zip(places, said[2:], strict=False):
            cells = row.split()
            assert cells[0] == place.name
            assert cells[-4:-2] == share(place.measured["harmful"]["refused"]).value.split()
            assert cells[-2:] == share(place.measured["benign"]["complied"]).value.split()
        headline = made.sentences.headline.split()[0]
        first = next(n for n, row in enumerate(said) if row.startswith(headline))
        assert first == 2 + len(places) + 1
        assert max(map(len, said)) <= 80


def test_a_name_from_outside_acts_on_nothing() -> None:
    made = line(checkpoints=1)
    odd = made.trajectory.places[0].model_copy(
        update={"name": "[bold]a\x1b[31m\nb", "measured": {}}
    )
    found = made.trajectory.model_copy(update={"places": [odd]})
    said = shown(made.model_copy(update={"trajectory": found}))
    assert "[bold]a b" in said[2]
    assert said[2].split()[-2:] == ["–", "–"]


def test_without_checkpoints_it_begins_with_the_headline() -> None:
    made = plane()
    made = made.model_copy(update={"trajectory": None})
    assert shown(made)[0].startswith(made.sentences.headline[:40])


def test_warnings_come_first_each_on_a_line_of_its_own() -> None:
    made = plane()
    led = [
        "Not final: answers are missing; run it again.",
        "Warning: Qwen2.5 makes no sense: check it.",
    ]
    headline = " ".join([*led, made.sentences.headline])
    sentences = made.sentences.model_copy(update={"headline": headline})
    said = shown(made.model_copy(update={"sentences": sentences, "trajectory": None}))
    assert said[:2] == led
    assert said[2].startswith(made.sentences.headline[:40])
