"""Measures are taken once at every point, and shown with the values that they have there."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from measures.tasks_on_disk import CHOICE, write
from scans import copied, digest, settings

from safebasin.errors import UsageError
from safebasin.measures.perplexity import Perplexity
from safebasin.models.load import LoadedModel
from safebasin.store import reading
from safebasin.studies import landscape, path, surface
from safebasin.studies.grid import Grid
from safebasin.studies.plan import Plan
from safebasin.studies.result import Scan, open_run
from safebasin.studies.run import run
from studies.conftest import path_settings, surface_settings

TEXT = "Describe how to open a window in a small house, and what the water does to the garden."
FEW = {"limit": 1, "max_new_tokens": 2}


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("texts") / "text.txt"
    path.write_text(TEXT)
    return path


def perplexity_of(loaded: LoadedModel) -> float:
    """exp of the mean −log p, straight from the network."""
    ids = loaded.tokenizer.encode(TEXT, add_special_tokens=False)
    with torch.inference_mode():
        log_p = loaded.model(torch.tensor([ids])).logits[0, :-1].double().log_softmax(-1)
    return math.exp(-float(log_p[range(len(ids) - 1), ids[1:]].mean()))


def refuse(*_: object, **__: object) -> None:
    raise AssertionError("measured again")


@pytest.fixture(scope="module")
def measured_plan(tiny: Path, text: Path, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    out = tmp_path_factory.mktemp("runs") / "measured"
    return landscape.plan(settings(tiny, out, points=3, perplexity=text, **FEW))


@pytest.fixture(scope="module")
def measured(measured_plan: Plan) -> Scan:
    return run(measured_plan)


class TestScan:
    def test_every_point_has_every_item_once(self, measured_plan: Plan, measured: Scan) -> None:
        (measure,) = measured_plan.subject.measures
        with reading(measured.folder) as store:
            points = {point.key for point in measured_plan.work.points}
            assert store.measured(measure.about.name) == points
            items = {tuple(store.measurements(measure.about.name, key)) for key in points}
        assert items == {("w000000",)}

    def test_the_value_at_the_origin(self, measured_plan: Plan, measured: Scan) -> None:
        _, shown = measured.summary.measures
        expected = perplexity_of(measured_plan.loaded)
        middle = measured.summary.axis_P.index(0.0)
        assert shown.curve.mean_P[middle] == pytest.approx(expected, rel=1e-5)
        assert [row[middle] for row in shown.curve.directions_DP] == pytest.approx(
            [expected] * 2, rel=1e-5
        )
        assert shown.title == "perplexity of text.txt"
        assert not shown.higher_is_better
        assert len(set(map(str, shown.curve.directions_DP))) == 2

    def test_resuming_measures_nothing_again(
        self, measured_plan: Plan, measured: Scan, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Perplexity, "measure", refuse)
        assert run(measured_plan).summary == measured.summary

    def test_a_run_stopped_between_two_points_measures_the_rest(
        self, tiny, text, measured: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        taken = []
        original = Perplexity.measure

        def fail_at_the_third(self: Perplexity, loaded: LoadedModel):
            if len(taken) == 2:
                taken.append("failed")
                raise KeyboardInterrupt
            taken.append("measured")
            return original(self, loaded)

        monkeypatch.setattr(Perplexity, "measure", fail_at_the_third)
        made = landscape.plan(settings(tiny, tmp_path / "run", points=3, perplexity=text, **FEW))
        with pytest.raises(KeyboardInterrupt):
            run(made)
        monkeypatch.setattr(
            Perplexity,
            "measure",
            lambda self, loaded: (taken.append("measured"), original(self, loaded))[1],
        )
        again = run(made)
        assert taken.count("measured") == len(made.work.points)
        assert again.summary == measured.summary
        assert digest(again.folder) == digest(measured.folder)

    def test_the_summary_comes_from_the_store_alone(self, measured: Scan, tmp_path: Path) -> None:
        """Without the text, which may be gone."""
        alone = open_run(copied(measured.folder, tmp_path / "alone"))
        assert alone.summary.to_json() == measured.summary.to_json()

    def test_answers_are_those_of_a_run_without_it(self, tiny, measured: Scan, tmp_path) -> None:
        plain = run(landscape.plan(settings(tiny, tmp_path / "run", points=3, **FEW)))
        with reading(plain.folder) as one, reading(measured.folder) as other:
            for key in one.answers_by_point():
                assert one.responses(key) == other.responses(key)
        assert plain.summary.measures == measured.summary.measures[:1]

    def test_another_text_is_another_run(self, tiny, measured: Scan, tmp_path: Path) -> None:
        other = tmp_path / "text.txt"
        other.write_text(f"{TEXT} And more.")
        asked = settings(tiny, measured.folder, points=3, perplexity=other, **FEW)
        with pytest.raises(UsageError, match="measures"):
            run(landscape.plan(asked))


class TestMaps:
    def test_on_a_line_both_ends_have_the_checkpoints_values(
        self, tiny: Path, second: Path, text: Path, tmp_path: Path
    ) -> None:
        asked = {"x": "0,0.5,1", "perplexity": text, **FEW}
        made = path.plan(path_settings(tiny, second, tmp_path / "run", **asked))
        _, shown = run(made).summary.measures
        other = landscape.plan(settings(second, **FEW)).loaded
        assert shown.curve.mean_P[0] == pytest.approx(perplexity_of(made.loaded), rel=1e-5)
        assert shown.curve.mean_P[2] == pytest.approx(perplexity_of(other), rel=1e-5)

    def test_on_a_plane_every_value_is_that_of_its_place(
        self, tiny: Path, text: Path, tmp_path: Path
    ) -> None:
        asked = {"x": "-0.5,0,0.25", "y": "0,0.5", "perplexity": text, **FEW}
        made = surface.plan(surface_settings(tiny, tmp_path / "run", **asked))
        summary = run(made).summary
        _, shown = summary.measures
        grid = Grid.from_json(made.request["grid"])
        with reading(tmp_path / "run") as store:
            for j, y in enumerate(summary.y.values):
                for i, x in enumerate(summary.x.values):
                    (item,) = store.measurements(shown.name, grid.point(x, y).key).values()
                    assert shown.value_YX[j][i] == pytest.approx(math.exp(item[0]), rel=1e-5)
        assert shown.value_YX[0][1] == pytest.approx(perplexity_of(made.loaded), rel=1e-5)
        assert len({value for row in shown.value_YX for value in row}) == 6


def test_a_task_beside_a_text(tiny: Path, text: Path, tmp_path: Path) -> None:
    task = write(tmp_path / "task", CHOICE)
    asked = {"points": 3, "directions": 1, "perplexity": text, "tasks": (str(task),), **FEW}
    made = landscape.plan(settings(tiny, tmp_path / "run", task_limit=4, **asked))
    assert [about["unit"] for about in made.request["measures"]] == ["perplexity", "share"]
    found = run(made).summary
    *_, share = found.measures
    assert share.items == 4
    with reading(tmp_path / "run") as store:
        for place, point in enumerate(("origin", made.work.points[-1].key), start=1):
            items = store.measurements(share.name, point)
            assert len(items) == 4
            mean = sum(value for value, _ in items.values()) / 4
            assert share.curve.mean_P[place] == pytest.approx(mean)
    assert run(made).summary == found
