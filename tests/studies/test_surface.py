"""A surface is a function of its request, and its maps are what the store says, place by place."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scans import ASKED, copied, digest, files, into, labelled, relabel, settings

import safebasin
from safebasin.engines.transformers import TransformersEngine
from safebasin.errors import UsageError
from safebasin.points import Point
from safebasin.records import Label
from safebasin.runfolder import request_digest
from safebasin.store import reading
from safebasin.studies import landscape
from safebasin.studies.grid import Grid
from safebasin.studies.plan import Plan
from safebasin.studies.result import Surface, open_run
from safebasin.studies.run import run
from safebasin.studies.surface import SurfaceSettings, plan
from safebasin.weights.given import Rows
from safebasin.weights.overlay import Overlay
from safebasin.weights.parameters import rows
from studies.conftest import surface_settings

WIDE, HIGH, PROMPTS = 4, 3, 6


def refuse(*_: object, **__: object) -> None:
    raise AssertionError("the model was asked")


def whole(way: Rows, overlay: Overlay, name: str) -> torch.Tensor:
    """One tensor of a way, in fp64."""
    height = len(rows(overlay.pristine.tensors[name]))
    return way.rows(name, slice(0, height)).double()


class TestPlan:
    def test_the_origin_then_every_place_once(self, planned_surface: Plan) -> None:
        grid = Grid.from_json(planned_surface.request["grid"])
        assert planned_surface.work.points == grid.plan
        assert planned_surface.work.points[0] == Point()
        assert len(grid.plan) == WIDE * HIGH
        assert grid.axes[0].values == (-0.5, -0.25, 0.0, 0.5)
        assert grid.axes[1].values == (-1.0, 0.0, 0.25)

    def test_its_cost(self, planned_surface: Plan, tmp_path: Path) -> None:
        cost = into(planned_surface, tmp_path / "new").cost
        assert (cost["points"], cost["prompts"], cost["done"]) == (WIDE * HIGH, PROMPTS, 0)
        assert cost["responses"] == WIDE * HIGH * PROMPTS
        lengths = sum(len(one.token_ids) for one in planned_surface.rendered.values())
        tokens = lengths + PROMPTS * ASKED["max_new_tokens"]
        assert cost["tokens_at_most"] == WIDE * HIGH * tokens
        assert list(tmp_path.iterdir()) == []

    def test_what_the_request_holds(self, planned: Plan, planned_surface: Plan) -> None:
        """Everything that a scan's holds, but for the places."""
        mine, its = dict(planned_surface.request), dict(planned.request)
        assert mine.pop("study") == "surface"
        del its["study"]
        assert set(mine) - set(its) == {"grid"}
        assert set(its) - set(mine) == {"rays"}
        assert {name: mine[name] for name in mine.keys() & its.keys()} == {
            name: its[name] for name in mine.keys() & its.keys()
        }

    def test_the_folder_is_named_after_the_request(self, tiny: Path) -> None:
        usual = plan(surface_settings(tiny))
        assert usual.folder.name.startswith("surface-")
        assert usual.folder.name.endswith(request_digest(usual.request)[:8])
        listed = plan(surface_settings(tiny, x=[-0.5, -0.25, 0, 0.5]))
        assert listed.folder == usual.folder
        assert plan(surface_settings(tiny, seed=1)).folder != usual.folder

    def test_the_published_grid(self, tiny: Path) -> None:
        grid = plan(SurfaceSettings(model=str(tiny), limit=1, max_new_tokens=1)).request["grid"]
        for axis in grid["axes"]:
            assert axis["values"] == [round(x / 20, 12) for x in range(-10, 11)]

    @pytest.mark.parametrize("axis", ["x", "y"])
    def test_arrays_are_coordinates(self, tiny: Path, axis: str) -> None:
        made = plan(surface_settings(tiny, **{axis: np.array([-0.125, 0.0])}))
        assert made.request["grid"]["axes"]["xy".index(axis)]["values"] == [-0.125, 0.0]

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"x": "0.1,0.2"}, "--x does not contain 0"),
            ({"y": "nan,0"}, "--y contains nan"),
            ({"y": []}, "--y"),
            ({"plane": "diagonal"}, "--plane is 'diagonal'; it must be 'random' or 'trajectory'"),
            ({"plane": "trajectory"}, "pass --checkpoints FOLDER"),
            ({"edge": Path("run")}, "--edge .* pass --checkpoints FOLDER"),
        ],
    )
    def test_what_is_wrong_is_said_before_anything_is_loaded(self, wrong, said: str) -> None:
        with pytest.raises(UsageError, match=said):
            surface_settings(Path("missing"), **wrong)


class TestDirections:
    @pytest.mark.parametrize("norm", ["layer", "row", "model"])
    @pytest.mark.parametrize("noise", ["gaussian", "rademacher"])
    def test_they_are_orthogonal_in_every_tensor(self, tiny: Path, norm: str, noise: str) -> None:
        made = plan(surface_settings(tiny, norm=norm, noise=noise, seed=5))
        overlay = Overlay(made.loaded.model)
        grid = Grid.from_json(made.request["grid"])
        ways = [overlay.way(axis.way) for axis in grid.axes]
        moving = 0
        for name in overlay.pristine.tensors:
            one, other = (whole(way, overlay, name) for way in ways)
            if one.any() and other.any():
                moving += 1
                cosine = float((one * other).sum() / one.norm() / other.norm())
                assert abs(cosine) < 1e-6
                if norm == "layer":
                    weight = overlay.pristine.tensors[name].double().norm()
                    torch.testing.assert_close(one.norm(), weight, rtol=1e-5, atol=0)
                    torch.testing.assert_close(other.norm(), weight, rtol=1e-5, atol=0)
        assert moving > 10
        assert made.facts is not None
        geometry = made.facts(overlay)["geometry"]
        assert geometry["cosine_worst"] < 1e-6
        assert abs(geometry["cosine"]) < 1e-6

    def test_two_fresh_directions_are_not(self, planned_surface: Plan) -> None:
        """The null control: unless they are made so, they are far from orthogonal somewhere."""
        overlay = Overlay(planned_surface.loaded.model)
        first, second = (axis.way for axis in Grid.from_json(planned_surface.request["grid"]).axes)
        ways = [overlay.way(first), overlay.way(replace(second, orthogonal_to=None))]
        cosines = []
        for name in overlay.pristine.tensors:
            one, other = (whole(way, overlay, name) for way in ways)
            if one.any():
                cosines.append(abs(float((one * other).sum() / one.norm() / other.norm())))
        assert max(cosines) > 1e-3

    def test_what_the_summary_says_of_them(self, finished_surface: Surface) -> None:
        summary = finished_surface.summary
        assert summary.cosine_worst < 1e-6
        for axis in (summary.x, summary.y):
            assert axis.step == pytest.approx(1, abs=0.05)


class TestRun:
    def test_every_place_has_every_answer_once(
        self, planned_surface: Plan, finished_surface: Surface
    ) -> None:
        with reading(finished_surface.folder) as store:
            there = store.answers_by_point()
        assert there == {point.key: PROMPTS for point in planned_surface.work.points}
        status = finished_surface.summary.status
        assert status.complete
        assert status.points_planned == status.points_done == WIDE * HIGH

    def test_the_summary_comes_from_the_store_alone(
        self, finished_surface: Surface, tmp_path: Path
    ) -> None:
        written = (finished_surface.folder / "summary.json").read_text(encoding="utf-8")
        alone = open_run(copied(finished_surface.folder, tmp_path / "alone"))
        assert isinstance(alone, Surface)
        assert alone.summary.to_json() == written

    def test_a_finished_run_asks_nothing_and_changes_nothing(
        self, planned_surface: Plan, finished_surface: Surface, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = files(finished_surface.folder)
        for name in ("answer", "losses", "at"):
            monkeypatch.setattr(TransformersEngine, name, refuse)
        assert run(planned_surface).summary == finished_surface.summary
        assert {**files(finished_surface.folder), "lock": b""} == {**before, "lock": b""}

    def test_other_settings_are_another_run(
        self, tiny: Path, finished_surface: Surface, tmp_path: Path
    ) -> None:
        folder = Path(shutil.copytree(finished_surface.folder, tmp_path / "run"))
        before = digest(folder)
        with pytest.raises(UsageError) as caught:
            run(plan(surface_settings(tiny, folder, seed=7, y="-1,0,0.5", norm="row")))
        assert "grid.axes" in str(caught.value)
        with pytest.raises(UsageError, match="study: surface there, scan now"):
            run(landscape.plan(settings(tiny, folder)))
        assert digest(folder) == before

    def test_its_first_row_is_a_scan(self, tiny: Path, tmp_path: Path) -> None:
        """Without the second direction a place is one of the scan's, and says the same."""
        scan = run(landscape.plan(settings(tiny, tmp_path / "scan", directions=1)))
        axis = list(scan.summary.axis_P)
        found = run(plan(surface_settings(tiny, tmp_path / "run", x=axis, y="-0.25,0")))
        assert isinstance(found, Surface)
        with reading(scan.folder) as one, reading(found.folder) as other:
            shared = one.answers_by_point().keys() & other.answers_by_point().keys()
            assert len(shared) == len(axis)
            for key in shared:
                assert one.responses(key) == other.responses(key)
                assert one.judges() == other.judges() == ["coherence@5", "keyword"]
                for judge in one.judges():
                    assert one.verdicts(judge, key) == other.verdicts(judge, key) != {}
        row = found.summary.y.values.index(0.0)
        for side in ("harmful", "benign"):
            for label in ("refused", "incoherent", "keyword_asr"):
                curve = getattr(scan.summary.curves[side], label).directions_DP[0]
                drawn = getattr(found.summary.maps[side], label).share_YX[row]
                assert drawn == pytest.approx(curve, abs=1e-6)


@pytest.fixture(scope="module")
def drawn(finished_surface: Surface, tmp_path_factory) -> Surface:
    """The same run with labels that differ from place to place and prompt to prompt."""
    folder = copied(finished_surface.folder, tmp_path_factory.mktemp("drawn") / "run")
    draw = np.random.default_rng(0)
    relabel(folder, lambda *_: list(Label)[draw.integers(len(Label))])
    found = open_run(folder)
    assert isinstance(found, Surface)
    return found


class TestMaps:
    @pytest.mark.parametrize("side", ["harmful", "benign"])
    def test_every_share_is_that_of_its_place(self, drawn: Surface, side: str) -> None:
        grid, summary = Grid.from_json(drawn.summary.request["grid"]), drawn.summary
        by_judge = {judge: labelled(drawn.folder, judge) for judge in ("coherence@5", "keyword")}
        seen = set()
        for name in ("refused", "complied", "incoherent", "other", "keyword_asr"):
            judge, label = (
                ("keyword", "complied") if name == "keyword_asr" else ("coherence@5", name)
            )
            found = getattr(summary.maps[side], name)
            assert (len(found.share_YX), len(found.share_YX[0])) == (HIGH, WIDE)
            for j, y in enumerate(summary.y.values):
                for i, x in enumerate(summary.x.values):
                    said = by_judge[judge][grid.point(x, y).key][side]
                    share = said.count(label) / len(said)
                    assert found.share_YX[j][i] == pytest.approx(share, abs=1e-6)
                    assert found.low_YX[j][i] <= found.share_YX[j][i] <= found.high_YX[j][i]
                    seen.add(share)
        assert len(seen) > 2

    def test_the_origin_is_where_both_coordinates_are_zero(self, drawn: Surface) -> None:
        summary = drawn.summary
        j, i = summary.y.values.index(0.0), summary.x.values.index(0.0)
        for side, maps in summary.maps.items():
            for label in ("refused", "complied", "incoherent", "other", "keyword_asr"):
                origin = summary.origin[side][label].value
                assert getattr(maps, label).share_YX[j][i] == pytest.approx(origin, abs=1e-6)

    def test_a_basin_along_one_axis_is_a_basin_along_that_axis(
        self, finished_surface: Surface, tmp_path: Path
    ) -> None:
        """Refusals end left of -0.4 and nowhere else: in the first column of every row."""
        folder = copied(finished_surface.folder, tmp_path / "run")
        grid = Grid.from_json(finished_surface.summary.request["grid"])
        left = {grid.point(-0.5, y).key for y in grid.axes[1].values}
        relabel(folder, lambda key, *_: Label.COMPLIED if key in left else Label.REFUSED)
        summary = open_run(folder).summary
        assert summary.maps["harmful"].refused.share_YX == [[0.0, 1.0, 1.0, 1.0]] * HIGH
        assert summary.maps["harmful"].complied.share_YX == [[1.0, 0.0, 0.0, 0.0]] * HIGH
        assert "coherent compliance reaches at most 100 %" in summary.sentences.headline


class TestFunction:
    def test_the_function_is_the_study(
        self, tiny: Path, finished_surface: Surface, tmp_path: Path
    ) -> None:
        asked = {**ASKED, "out": tmp_path / "run", "progress": False}
        again = safebasin.surface(str(tiny), x=[-0.5, -0.25, 0, 0.5], y="-1,0,0.25", **asked)
        assert again.summary == finished_surface.summary
        assert again.visage == finished_surface.summary.scores.visage
        assert again.safety_edge == finished_surface.summary.scores.safety_edge

    def test_what_is_half_done_is_shown_as_far_as_it_is(
        self, planned_surface: Plan, tmp_path: Path
    ) -> None:
        class StopError(Exception):
            pass

        def stop(tick) -> None:
            if tick.done > 3 * PROMPTS:
                raise StopError

        with pytest.raises(StopError):
            run(into(planned_surface, tmp_path / "run"), stop)
        summary = open_run(tmp_path / "run").summary
        assert not summary.status.complete
        shares = [s for row in summary.maps["harmful"].incoherent.share_YX for s in row]
        assert 0 < sum(share is not None for share in shares) < WIDE * HIGH
        assert any("not complete: 3 of 12 points" in text for text in summary.sentences.caveats)
        assert all(share is None or math.isfinite(share) for share in shares)
