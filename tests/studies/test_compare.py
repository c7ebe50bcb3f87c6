"""Scans are held against the first: paired where they asked the same, refused where they did not go
the same way."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scans import copied, into, relabel, settings

import safebasin
from safebasin.errors import ResourceError, UsageError
from safebasin.records import Label
from safebasin.store import reading
from safebasin.studies import landscape
from safebasin.studies.compare import compare
from safebasin.studies.plan import Plan
from safebasin.studies.result import Comparison, Line, Scan, Surface, open_run
from safebasin.studies.run import run
from safebasin.summary import Difference

QUANTITIES = ("visage", "safety_edge", "capability_edge", "origin_harmful", "origin_benign")


def refusing_within(radius: float) -> Callable[[str, str, str], Label]:
    """Harmful prompts are refused up to a radius; benign ones are answered everywhere near."""

    def label(point: str, kind: str, _: str) -> Label:
        distance = abs(float(point.split("@")[1])) if "@" in point else 0.0
        if kind == "harmful":
            return Label.REFUSED if distance < radius else Label.COMPLIED
        return Label.COMPLIED if distance < 0.4 else Label.INCOHERENT

    return label


def known(scan: Scan, folder: Path, radius: float) -> Path:
    relabel(copied(scan.folder, folder), refusing_within(radius))
    return folder


def scanned(model: Path, out: Path, **changes: Any) -> Scan:
    found = run(landscape.plan(settings(model, out, **changes)))
    assert isinstance(found, Scan)
    return found


@pytest.fixture(scope="module")
def wrapped(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Scan:
    return scanned(tiny, tmp_path_factory.mktemp("runs") / "wrapped", jailbreak="story")


@pytest.fixture(scope="module")
def finished_prompts(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Scan:
    folder = tmp_path_factory.mktemp("runs")
    (folder / "attack.csv").write_text("goal\nOne thing\nAnother thing\nA third thing\n")
    return scanned(tiny, folder / "attacked", jailbreak=str(folder / "attack.csv"))


def only(found: Comparison) -> Difference:
    (difference,) = found.summary.differences
    return difference


def assert_nothing_differs(difference: Difference) -> None:
    for name in ("visage", "safety_edge", "capability_edge"):
        estimate = getattr(difference, name)
        assert estimate.value == 0, name
        assert estimate.low <= 0 <= estimate.high
    for side in ("harmful", "benign"):
        at = difference.origin[side]
        assert at is not None
        assert (at.n, at.only_first, at.only_second, at.p_value) == (3, 0, 0, 1)
    assert difference.p_values == dict.fromkeys(QUANTITIES, 1)
    assert difference.adjusted == difference.p_values


class TestPaired:
    def test_a_run_and_itself(self, finished: Scan, tmp_path: Path) -> None:
        folder = known(finished, tmp_path / "run", 0.4)
        found = compare(folder, folder, out=tmp_path / "out")
        assert only(found).paired
        assert_nothing_differs(only(found))
        names = [each.name for each in found.summary.runs]
        assert len(set(names)) == 2

    def test_another_model_on_the_same_prompts(self, tiny, second, finished, tmp_path) -> None:
        """Refused everywhere inside 0.4, and nowhere but at the origin: the edges are known."""
        one = known(finished, tmp_path / "one", 0.4)
        other = known(scanned(second, tmp_path / "second"), tmp_path / "two", 0.1)
        found = compare(one, other, out=tmp_path / "out")
        difference = only(found)
        assert difference.paired
        assert difference.safety_edge.value == pytest.approx(0.125 - 0.375)
        assert difference.capability_edge.value == 0
        scores = [open_run(folder).visage.value for folder in (one, other)]
        assert difference.visage.value == pytest.approx(scores[1] - scores[0])
        assert difference.visage.value < 0
        assert difference.visage.low <= difference.visage.value <= difference.visage.high
        assert difference.origin["harmful"].difference.value == 0
        assert [each.name for each in found.summary.runs] == [str(tiny), str(second)]
        assert difference.name == str(second)

    def test_wrapped_prompts_are_paired_by_what_they_wrap(
        self, finished: Scan, wrapped: Scan, tmp_path: Path
    ) -> None:
        """The wrapped requests have other ids in another order; labels go with the requests."""
        with reading(wrapped.folder) as store:
            originals = store.recall("originals")
            kinds = {id_: prompt.kind for id_, (prompt, _) in store.prompts().items()}
        assert len(originals) == 6
        chosen = min(originals[id_] for id_ in originals if kinds[id_] == "harmful")
        one, other = copied(finished.folder, tmp_path / "1"), copied(wrapped.folder, tmp_path / "2")

        def label(request: str) -> Label:
            return Label.REFUSED if request == chosen else Label.COMPLIED

        relabel(one, lambda _, __, id_: label(id_))
        relabel(other, lambda _, __, id_: label(originals[id_]))
        found = compare(one, other, out=tmp_path / "out")
        assert only(found).paired
        assert_nothing_differs_at_the_origin(only(found))
        assert only(found).visage.value == 0
        assert only(found).p_values["visage"] == 1
        assert [each.name for each in found.summary.runs] == ["none", "story"]
        assert [each.facts["jailbreak"] for each in found.summary.runs] == ["none", "story"]
        relabel(other, lambda _, __, id_: label(id_))  # the null control: paired by nothing
        at = only(compare(one, other, out=tmp_path / "out")).origin["harmful"]
        assert at is not None
        assert (at.n, at.only_first, at.only_second) == (3, 1, 0)

    def test_the_order_matters_by_sign_alone(self, finished: Scan, tmp_path: Path) -> None:
        one, other = (known(finished, tmp_path / str(r), r) for r in (0.4, 0.1))
        there, back = (only(compare(*pair, out=tmp_path / "out"))
                       for pair in ((one, other), (other, one)))  # fmt: skip
        assert there.visage.value == pytest.approx(-back.visage.value)
        assert there.visage.low == pytest.approx(-back.visage.high)


def assert_nothing_differs_at_the_origin(difference: Difference) -> None:
    for at in difference.origin.values():
        assert at is not None
        assert (at.n, at.only_first, at.only_second, at.p_value) == (3, 0, 0, 1)


class TestUnpaired:
    def test_finished_prompts(self, finished: Scan, finished_prompts: Scan, tmp_path) -> None:
        found = compare(finished, finished_prompts, out=tmp_path / "out")
        difference = only(found)
        assert not difference.paired
        assert difference.origin == {"harmful": None, "benign": None}
        assert difference.p_values["origin_harmful"] is None
        assert difference.adjusted["origin_benign"] is None
        assert any("was asked other prompts" in text for text in found.summary.sentences.caveats)

    def test_a_difference_is_still_one(self, finished, finished_prompts, tmp_path) -> None:
        one = known(finished, tmp_path / "one", 0.4)
        other = known(finished_prompts, tmp_path / "two", 0.1)
        difference = only(compare(one, other, out=tmp_path / "out"))
        assert difference.safety_edge.value == pytest.approx(-0.25)


class TestSeveral:
    def test_holm_only_makes_p_larger(self, finished, wrapped, tmp_path) -> None:
        folders = [known(scan, tmp_path / f"{place}", radius)
                   for place, (scan, radius) in enumerate(
                       [(finished, 0.4), (wrapped, 0.1), (finished, 0.1), (finished, 0.4)])
                   ]  # fmt: skip
        found = compare(*folders, out=tmp_path / "out")
        raw_and_adjusted = [
            (each.p_values[name], each.adjusted[name])
            for each in found.summary.differences
            for name in QUANTITIES
        ]
        assert len(raw_and_adjusted) == 15
        assert all(1 >= adjusted >= raw for raw, adjusted in raw_and_adjusted)
        assert any(adjusted > raw for raw, adjusted in raw_and_adjusted)
        assert any("Holm" in caveat for caveat in found.summary.sentences.caveats)
        names = [each.name for each in found.summary.runs]
        assert len(set(names)) == 4
        assert [each.name for each in found.summary.differences] == names[1:]


class TestRefused:
    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"seed": 1}, "seed is 0 and 1"),
            ({"radius": 0.25}, "radius is 0.5 and 0.25"),
            ({"points": 3}, "points is 5 and 3"),
            ({"directions": 1}, "directions is 2 and 1"),
            ({"norm": "row", "seed": 2}, "seed is 0 and 2; norm is layer and row"),
            ({"judges": ("keyword",)}, "the first judge is coherence@5 and keyword"),
        ],
    )
    def test_scans_that_went_elsewhere(self, tiny, finished, tmp_path, changes, said) -> None:
        other = scanned(tiny, tmp_path / "other", **{"limit": 1, "max_new_tokens": 2, **changes})
        with pytest.raises(UsageError, match=re.escape(said)) as caught:
            compare(finished, other)
        assert "scan again with the same values" in str(caught.value)

    def test_a_run_that_is_not_complete(self, planned: Plan, finished: Scan, tmp_path) -> None:
        class StopError(Exception):
            pass

        def stop(tick) -> None:
            if tick.done > 20:
                raise StopError

        with pytest.raises(StopError):
            run(into(planned, tmp_path / "part"), stop)
        for pair in ((finished.folder, tmp_path / "part"), (tmp_path / "part", finished.folder)):
            with pytest.raises(UsageError, match="part is not complete: run its command again"):
                compare(*pair)

    def test_a_run_of_another_study(
        self, finished: Scan, finished_surface: Surface, finished_line: Line
    ) -> None:
        for found, verb in ((finished_surface, "surface"), (finished_line, "path")):
            with pytest.raises(UsageError, match=f"is a run of `safebasin {verb}`"):
                compare(finished, found.folder)

    def test_one_alone_and_none(self, finished: Scan) -> None:
        for runs in ([], [finished]):
            with pytest.raises(UsageError, match="name two or more"):
                compare(*runs)

    def test_what_is_no_run(self, finished: Scan, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="is not a run"):
            compare(finished, tmp_path)

    def test_a_comparison_is_not_compared(self, finished: Scan, tmp_path: Path) -> None:
        first = compare(finished, finished, out=tmp_path / "out")
        with pytest.raises(UsageError, match="is not a run"):
            compare(finished, first.folder)

    def test_a_folder_that_is_a_run_or_a_file(self, finished: Scan, tmp_path: Path) -> None:
        before = (finished.folder / "summary.json").read_bytes()
        with pytest.raises(UsageError, match="is a run: pass another folder"):
            compare(finished, finished, out=finished.folder)
        assert (finished.folder / "summary.json").read_bytes() == before
        (tmp_path / "file").write_text("mine")
        with pytest.raises(ResourceError, match=r"--out .*file cannot be made"):
            compare(finished, finished, out=tmp_path / "file")


class TestFolder:
    def test_it_is_opened_as_what_it_is(self, finished, wrapped, tmp_path: Path) -> None:
        found = safebasin.compare(finished, wrapped.folder, out=tmp_path / "out")
        again = safebasin.open_run(tmp_path / "out")
        assert isinstance(again, Comparison)
        assert again == found
        assert (tmp_path / "out" / "summary.json").read_text("utf-8") == found.summary.to_json()

    def test_by_default_it_is_named_after_what_is_compared(
        self, finished, wrapped, tmp_path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        one, again = compare(finished, wrapped), compare(finished.folder, wrapped.folder)
        assert one.folder == again.folder
        assert one.folder.parent == Path("safebasin-runs")
        assert compare(wrapped, finished).folder != one.folder

    def test_the_same_runs_elsewhere_are_the_same_numbers(self, finished, wrapped, tmp_path):
        moved = [shutil.copytree(run.folder, tmp_path / str(place))
                 for place, run in enumerate((finished, wrapped))]  # fmt: skip
        one = compare(finished, wrapped, out=tmp_path / "out").summary.differences
        assert compare(*moved, out=tmp_path / "out").summary.differences == one


@pytest.mark.slow
def test_a_scan_that_looked_for_its_directions_is_compared_on_those_it_took(
    tiny: Path, tmp_path: Path
) -> None:
    few = {"points": 3, "limit": 1, "max_new_tokens": 2}
    asked = {**few, "directions": "auto", "target_halfwidth": 50.0, "max_directions": 12}
    auto = scanned(tiny, tmp_path / "auto", **asked)
    taken = len(auto.summary.directions)
    assert taken == 8
    fixed = scanned(tiny, tmp_path / "fixed", **few, directions=taken)
    difference = only(compare(auto, fixed, out=tmp_path / "out"))
    assert difference.paired
    assert difference.visage.value == 0
    assert difference.p_values["visage"] == 1
