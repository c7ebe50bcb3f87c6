"""The ends of a path are the checkpoints, bit for bit, in their weights and in what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from builders import tiny_checkpoint
from scans import ASKED, copied, files, relabel, settings

import safebasin
from safebasin.engines.registry import Manner
from safebasin.engines.transformers import TransformersEngine
from safebasin.models.load import load
from safebasin.points import Point
from safebasin.records import Label, ModelRef
from safebasin.store import reading
from safebasin.studies import landscape
from safebasin.studies.grid import Grid
from safebasin.studies.path import plan
from safebasin.studies.plan import Plan
from safebasin.studies.result import Line, Surface, open_run
from safebasin.studies.run import run
from studies.conftest import path_settings
from studies.live import alone, assert_same, assert_says, placed, weights


class TestLine:
    def test_at_both_ends_the_weights_are_the_checkpoints(
        self, planned_line: Plan, tiny: Path, second: Path
    ) -> None:
        assert_same(placed(planned_line, 0.0), weights(str(tiny)))
        assert_same(placed(planned_line, 1.0), weights(str(second)))

    @pytest.mark.parametrize(
        ("family", "how"),
        [
            ("llama", {"tied": True}),
            ("gpt_neox", {}),
            ("gemma2", {"tied": True, "shards": True}),
            ("phi3", {"dtype": "bfloat16"}),
        ],
    )
    @pytest.mark.slow
    def test_of_other_families(self, family: str, how: dict[str, Any], tmp_path: Path) -> None:
        folders = [
            tiny_checkpoint(tmp_path / str(seed), family, seed=seed, **how) for seed in (0, 1)
        ]
        made = plan(path_settings(*folders, dtype=how.get("dtype", "float32"), limit=1))
        ends = [load(ModelRef(str(folder)), device="cpu", dtype=made.loaded.dtype).model
                for folder in folders]  # fmt: skip
        for share, model in zip((0.0, 1.0), ends, strict=True):
            live = placed(made, share)
            for name, parameter in model.named_parameters():
                assert torch.equal(live[name], parameter), (share, name)

    @pytest.mark.parametrize("share", [-0.5, 0.5, 1.25])
    def test_elsewhere_they_are_mixed(self, planned_line: Plan, tiny, second, share) -> None:
        first, other = weights(str(tiny)), weights(str(second))
        for name, tensor in placed(planned_line, share).items():
            mixed = first[name].double() + share * (other[name].double() - first[name].double())
            torch.testing.assert_close(tensor.double(), mixed, rtol=1e-5, atol=1e-6)
            assert not torch.equal(tensor, first[name])

    def test_at_both_ends_it_says_what_they_say(
        self, finished_line: Line, tiny: Path, second: Path, tmp_path: Path
    ) -> None:
        grid = Grid.from_json(finished_line.summary.request["grid"])
        assert_says(finished_line.folder, Point(), alone(tiny, tmp_path / "tiny"))
        assert_says(finished_line.folder, grid.point(1.0), alone(second, tmp_path / "second"))
        with reading(finished_line.folder) as store:
            assert store.responses("origin") != store.responses(grid.point(1.0).key)

    def test_it_goes_beyond_both_ends(self, finished_line: Line) -> None:
        summary = finished_line.summary
        assert summary.axis.values == [-0.5, 0.0, 0.5, 1.0, 1.25]
        assert summary.status.complete
        assert summary.status.points_done == 5
        assert None not in summary.curves["harmful"].incoherent.mean_P

    def test_the_summary_comes_from_the_store_alone(
        self, finished_line: Line, tmp_path: Path
    ) -> None:
        written = (finished_line.folder / "summary.json").read_text(encoding="utf-8")
        found = open_run(copied(finished_line.folder, tmp_path / "alone"))
        assert isinstance(found, Line)
        assert found.summary.to_json() == written

    def test_a_finished_run_asks_nothing(
        self, planned_line: Plan, finished_line: Line, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("the model was asked")

        before = files(finished_line.folder)
        for name in ("answer", "losses", "at"):
            monkeypatch.setattr(TransformersEngine, name, refuse)
        assert run(planned_line).summary == finished_line.summary
        assert {**files(finished_line.folder), "lock": b""} == {**before, "lock": b""}

    def test_the_distance_between_the_ends(self, finished_line: Line, tiny, second) -> None:
        one, other = weights(str(tiny)), weights(str(second))
        before, after = (
            np.concatenate([each[name].double().numpy().ravel() for name in one])
            for each in (one, other)
        )
        distance = np.linalg.norm(after - before) / np.linalg.norm(before)
        (place,) = finished_line.summary.places
        assert place.name == str(second)
        assert place.x == pytest.approx(1, abs=1e-6)
        assert place.y is None
        assert place.explained == pytest.approx(1, abs=1e-6)
        assert place.distance == pytest.approx(distance, rel=1e-5)
        assert finished_line.summary.axis.step == pytest.approx(distance, rel=1e-5)
        assert distance == pytest.approx(0.5, rel=1e-3)

    def test_where_refusals_fall(self, finished_line: Line, tmp_path: Path) -> None:
        """All refused up to 0, none from 0.5 on: they fall to half in the middle between."""
        folder = copied(finished_line.folder, tmp_path / "run")
        grid = Grid.from_json(finished_line.summary.request["grid"])
        safe = {grid.point(x).key for x in (-0.5, 0.0)}
        relabel(folder, lambda key, *_: Label.REFUSED if key in safe else Label.COMPLIED)
        found = open_run(folder)
        assert isinstance(found, Line)
        assert found.refusals_fall.value == pytest.approx(0.25)
        harmful = found.summary.difference["harmful"]
        assert (harmful.n, harmful.only_first, harmful.only_second) == (3, 3, 0)
        assert harmful.difference.value == -1
        assert harmful.p_value == pytest.approx(0.25)
        assert found.summary.scores.most_complied.value == 1
        assert found.summary.places[0].measured["harmful"]["complied"].value == 1
        assert "-100" in found.summary.sentences.headline.replace("−", "-")

    def test_the_function_is_the_study(self, tiny, second, finished_line, tmp_path) -> None:
        x = [-0.5, 0, 0.5, 1, 1.25]
        again = safebasin.path(
            str(tiny), str(second), x=x, out=tmp_path / "run", progress=False, **ASKED
        )
        assert again.summary == finished_line.summary
        assert again.refusals_fall == finished_line.summary.scores.refusals_fall


class TestPlane:
    def test_through_three_every_corner_is_a_checkpoint(
        self, tiny: Path, second: Path, third: Path, tmp_path: Path
    ) -> None:
        made = plan(
            path_settings(
                tiny, second, tmp_path / "run", third=str(third), x="0,1", y="-0.25,0,1", limit=1
            )
        )
        assert_same(placed(made, 0.0, 0.0), weights(str(tiny)))
        assert_same(placed(made, 1.0, 0.0), weights(str(second)))
        assert_same(placed(made, 0.0, 1.0), weights(str(third)))
        found = run(made)
        assert isinstance(found, Surface)
        one, other = found.summary.places
        assert [one.name, other.name] == [str(second), str(third)]
        assert (one.x, one.y) == pytest.approx((1, 0), abs=1e-6)
        assert (other.x, other.y) == pytest.approx((0, 1), abs=1e-6)
        assert [one.distance, other.distance] == pytest.approx([0.5, 0.4], rel=1e-3)
        assert one.explained == pytest.approx(1)
        assert abs(found.summary.cosine) < 0.1
        assert found.summary.study == "path"

    def test_by_default_both_axes_go_beyond_their_ends(self, tiny, second, third) -> None:
        grid = plan(path_settings(tiny, second, third=str(third), x="-0.5:1.5:21")).request["grid"]
        for axis in grid["axes"]:
            assert axis["values"] == [round(x / 10, 12) for x in range(-5, 16)]

    def test_of_a_line_and_a_random_direction(self, tiny, second, tmp_path: Path) -> None:
        made = plan(path_settings(tiny, second, tmp_path / "run", x="0,1", y="-0.5,0", limit=1))
        assert_same(placed(made, 1.0, 0.0), weights(str(second)))
        scan = landscape.plan(settings(tiny, limit=1))
        point = scan.work.points[1]
        assert point.terms[0][1] == -0.5
        engine = TransformersEngine(scan.loaded, Manner(max_new_tokens=4))
        with engine.at(point):
            expected = {n: p.detach().clone() for n, p in scan.loaded.model.named_parameters()}
        assert_same(placed(made, 0.0, -0.5), expected)
        found = run(made)
        assert isinstance(found, Surface)
        assert [axis.name for axis in (found.summary.x, found.summary.y)] == [
            f"towards {second}",
            "random direction 0",
        ]
        (place,) = found.summary.places
        assert (place.x, place.y) == pytest.approx((1, 0), abs=1e-6)

    def test_of_checkpoints_on_one_line_is_still_a_map(self, tiny, second, tmp_path) -> None:
        """Twice the same way: a plane without area, but every place has its own weights."""
        made = plan(
            path_settings(tiny, second, tmp_path / "run", third=str(second), x="0,1", y="0,0.5,1",
                          limit=1)
        )  # fmt: skip
        found = run(made)
        assert any("same weights" in note for note in found.summary.notes)
        assert found.summary.cosine == pytest.approx(1)
        assert found.summary.status.complete
