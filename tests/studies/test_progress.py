"""Progress says where a run is, as people call it, and counts both sides as they are asked."""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path

import pytest
from scans import POINTS, RESPONSES, into

from safebasin.engines.base import Encoded
from safebasin.evaluate import Step, Tick
from safebasin.points import Direction, Displacement, Point
from safebasin.records import Label, Prompt, Response, Verdict
from safebasin.studies import landscape
from safebasin.studies.naming import called, ways
from safebasin.studies.progress import Told, in_words
from safebasin.studies.run import run

PROMPTS = {p.id: p for p in [Prompt(f"h{i}", "harmful") for i in range(4)]
           + [Prompt("b0", "benign"), Prompt("b1", "bait")]}  # fmt: skip
ORDER = list(PROMPTS)
THERE = Point(((Direction(2), 0.15),))


def batch(*places: int) -> tuple[Encoded, ...]:
    return tuple(Encoded(ORDER[place], (1,)) for place in places)


STEP = Step(THERE, (batch(0, 1, 4), batch(2, 3), batch(5)))


def said(*places: int) -> list[Response]:
    return [Response(ORDER[place], "no", (1,), "eos") for place in places]


def told(ticks: list[Tick], **more) -> Told:
    clock = count(0, 60).__next__
    given = {"points": 63, "total": 378, "clock": clock, **more}
    return Told(ticks.append, PROMPTS, lambda point: called(point, {}), **given)


def test_both_sides_are_counted_apart() -> None:
    ticks: list[Tick] = []
    seen = told(ticks)
    seen.begin(STEP, ())
    seen.answered(THERE, said(0, 1, 4))
    seen.answered(THERE, said(2, 3))
    first, second = (tick.note for tick in ticks)
    assert first == "direction 2, α = +0.15 · harmful 2/4 · harmless 1/2 · 0 of 63 points"
    assert second == f"{first.replace('2/4', '4/4')} · 3 h left"  # a minute for two of 373
    assert [tick.done for tick in ticks] == [3, 5]


def test_a_judged_point_says_what_each_side_did() -> None:
    ticks: list[Tick] = []
    seen = told(ticks, total=6)
    seen.begin(STEP, ())
    for places in ((0, 1, 4), (2, 3), (5,)):
        seen.answered(THERE, said(*places))
    labels = [Label.REFUSED] * 3 + [Label.COMPLIED] * 3
    seen.over(THERE, 0, {id_: Verdict(one) for id_, one in zip(ORDER, labels, strict=True)})
    assert ticks[-2] == Tick(6, 6, "")
    assert ticks[-1].note == (
        "direction 2, α = +0.15 · harmful 4/4 (refused 75%, complied 25%) · "
        "harmless 2/2 (complied 100%) · 1 of 63 points"
    )


def test_what_was_there_before_counts_and_says_nothing_of_the_time() -> None:
    ticks: list[Tick] = []
    seen = told(ticks)
    seen.begin(STEP, ORDER)
    seen.over(THERE, 6, {})
    (tick,) = ticks
    assert tick.done == 6
    assert "harmful 4/4 · harmless 2/2 · 1 of 63 points" in tick.note
    assert "left" not in tick.note


def test_where_the_answers_decide_only_what_is_done_is_told() -> None:
    ticks: list[Tick] = []
    seen = told(ticks, total=None)
    for some in (STEP.batches[:1], STEP.batches[1:2]):
        there = [one.id for one in STEP.batches[0]] if some != STEP.batches[:1] else []
        seen.begin(Step(THERE, some), there)
        seen.answered(THERE, [Response(one.prompt_id, "", (), "eos") for one in some[0]])
        seen.over(THERE, 0, {})
    assert ticks[-1].note == "direction 2, α = +0.15 · harmful 4/4 · harmless 1/1 · 1 point"


def test_a_batch_that_comes_after_its_point_was_given_up() -> None:
    ticks: list[Tick] = []
    seen = told(ticks)
    seen.begin(STEP, ())
    seen.over(THERE, 0, None)
    seen.answered(THERE, said(0))
    assert ticks[-1].done == 1


def test_a_run_counts_what_it_asks(planned: landscape.Plan, tmp_path: Path) -> None:
    ticks: list[Tick] = []
    run(into(planned, tmp_path / "run"), ticks.append)
    judged = [tick.note for tick in ticks if "(" in tick.note]
    assert len(judged) == POINTS
    assert all("harmful 3/3 (" in note and "harmless 3/3 (" in note for note in judged)
    assert judged[0].startswith("the checkpoint itself · ")
    assert f"{POINTS} of {POINTS} points" in judged[-1]
    assert ticks[-1].done == RESPONSES
    for tick in ticks:
        if tick.note and "(" not in tick.note:
            harmful, harmless = map(int, re.findall(r" (\d)/3", tick.note))
            over = int(re.findall(r"(\d) of 9 points", tick.note)[0])
            assert tick.done == 6 * over + harmful + harmless


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (40, "40 s"), (89, "89 s"), (120, "2 min"), (3 * 3600, "3 h"), (1e6, "12 d")],
)
def test_a_time_as_a_person_says_it(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


A, B, P = (Displacement(letter * 32) for letter in "abc")
NAMES = {A.key: "tuned", B.key: "other", P.key: "principal direction 1"}


class TestPlaces:
    @pytest.mark.parametrize(
        ("terms", "name"),
        [
            ((), "the checkpoint itself"),
            (((Direction(2), 0.15),), "direction 2, α = +0.15"),
            (((Direction(0), -0.5), (Direction(1), 1.0)),
             "direction 0, α = −0.5 and direction 1, α = +1"),
            (((A, 0.4),), "40 % of the way to tuned"),
            (((A, -0.25),), "−25 % of the way to tuned"),
            (((A, 1.0),), "tuned itself"),
            (((A, 1.0), (B, 0.5)), "100 % of the way to tuned and 50 % of the way to other"),
            (((P, 0.05),), "principal direction 1, α = +0.05"),
        ],
    )  # fmt: skip
    def test_a_place_is_called_as_people_do(self, terms, name: str) -> None:
        assert called(Point(terms), NAMES) == name

    def test_folders_are_called_by_their_last_part_where_that_tells_them_apart(self) -> None:
        def named(*names: str) -> list[str]:
            axes = [{"given": f"{i}" * 32, "name": f"towards {name}", "values": [0.0, 1.0]}
                    for i, name in enumerate(names)]  # fmt: skip
            return list(ways({"grid": {"axes": axes, "stops": []}}).values())

        assert named("/models/a-b", "org/model") == ["a-b", "org/model"]
        assert named("/one/last", "/two/last") == ["/one/last", "/two/last"]
        assert ways({"rays": {}}) == {}
