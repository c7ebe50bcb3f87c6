"""Checkpoints of a fine-tune: found in order, placed where they lie, and asked themselves."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from builders import tiny_adapter
from safetensors.torch import load_file
from scans import between, settings

from safebasin.errors import InputRejectedError, UsageError
from safebasin.models.load import load
from safebasin.records import ModelRef
from safebasin.store import reading
from safebasin.studies import landscape, path, surface
from safebasin.studies.checkpoints import of_trajectory, open_beside, short_names
from safebasin.studies.result import Line, Surface
from safebasin.studies.run import run
from studies.conftest import path_settings, surface_settings


def flat(folder: Path) -> np.ndarray:
    tensors = load_file(folder / "model.safetensors")
    return np.concatenate([tensors[name].double().numpy().ravel() for name in sorted(tensors)])


class TestFound:
    def test_in_the_order_of_their_numbers(self, straight: Path) -> None:
        names = [Path(name).name for name in of_trajectory(straight)]
        assert names == ["checkpoint-2", "checkpoint-9", "checkpoint-10"]

    @pytest.mark.parametrize(
        "names",
        [
            ["checkpoint-9", "checkpoint-10", "checkpoint-100"],
            ["epoch-1-step-10", "epoch-2-step-5", "epoch-10-step-1"],
            ["1", "²", "a", "best", "final"],
            ["checkpoint-007", "checkpoint-8"],
        ],
    )
    def test_whatever_they_are_called(self, names: list[str], tmp_path: Path) -> None:
        for name in reversed(names):
            (tmp_path / name).mkdir()
            (tmp_path / name / "config.json").write_text("{}")
        assert {Path(name).name for name in of_trajectory(tmp_path)} == set(names)
        if "²" not in names:
            assert [Path(name).name for name in of_trajectory(tmp_path)] == names

    def test_no_folder_and_an_empty_one(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        (tmp_path / "empty").mkdir()
        (tmp_path / "other" / "logs").mkdir(parents=True)
        for name in ("missing", "file"):
            with pytest.raises(UsageError, match=f"--checkpoints .*{name}' is not a folder"):
                of_trajectory(tmp_path / name)
        for name in ("empty", "other"):
            with pytest.raises(UsageError, match="holds no checkpoints: its folders need"):
                of_trajectory(tmp_path / name)

    def test_names_are_short_where_that_tells_them_apart(self, straight: Path, bent: Path) -> None:
        assert short_names([str(straight / "checkpoint-2"), "organism:base"]) == [
            "checkpoint-2",
            "organism:base",
        ]
        same = [str(folder / "checkpoint-9") for folder in (straight, bent)]
        assert short_names(same) == same


class TestOpened:
    def test_the_way_depends_on_both_ends_and_not_on_names(self, tiny, second, tmp_path) -> None:
        twin = Path(shutil.copytree(second, tmp_path / "twin"))
        origin = load(ModelRef(str(tiny)), device="cpu")
        back = load(ModelRef(str(second)), device="cpu")
        (one, other), notes = open_beside(origin, [str(second), str(twin)])
        assert one.way == other.way
        assert any("same weights" in note for note in notes)
        (home,), _ = open_beside(back, [str(tiny)])
        assert home.way != one.way

    def test_every_checkpoint_must_be_sound(self, tiny, tmp_path) -> None:
        (tmp_path / "checkpoint-1").mkdir()
        (tmp_path / "checkpoint-1" / "config.json").write_text("{}")
        with pytest.raises(InputRejectedError, match="checkpoint-1"):
            surface.plan(surface_settings(tiny, checkpoints=tmp_path))


class TestOnALine:
    @pytest.fixture(scope="class")
    @staticmethod
    def found(tiny, second, straight, tmp_path_factory) -> Line:
        out = tmp_path_factory.mktemp("runs") / "run"
        return run(path.plan(path_settings(tiny, second, out, x="0,0.5,1", checkpoints=straight)))

    def test_they_are_on_it(self, found: Line) -> None:
        trajectory = found.summary.trajectory
        assert trajectory.explained == pytest.approx(1, abs=1e-6)
        assert [place.name for place in trajectory.places] == [
            "checkpoint-2", "checkpoint-9", "checkpoint-10"
        ]  # fmt: skip
        for place, share in zip(trajectory.places, (0.25, 0.5, 1.0), strict=True):
            assert place.x == pytest.approx(share, abs=1e-5)
            assert place.y is None
            assert place.explained == pytest.approx(1, abs=1e-6)
        assert any("The map holds 100" in text for text in found.summary.sentences.caveats)

    def test_their_distances(self, found: Line, tiny: Path, straight: Path) -> None:
        origin = flat(tiny)
        for place in found.summary.trajectory.places:
            away = np.linalg.norm(flat(straight / place.name) - origin) / np.linalg.norm(origin)
            assert place.distance == pytest.approx(away, rel=1e-6)
            assert set(place.layers) == {"embedding", "model.layers.0", "model.layers.1", "head"}
            for moved in place.layers.values():
                assert moved == pytest.approx(away, rel=0.05)  # every tensor moved alike

    def test_the_last_is_the_end_and_is_asked_once(self, found: Line) -> None:
        grid = found.summary.request["grid"]
        assert grid["stops"][-1]["given"] == grid["axes"][0]["given"]
        assert found.summary.status.points_planned == 3 + 2
        last, (end,) = found.summary.trajectory.places[-1], found.summary.places
        assert last.measured == end.measured

    def test_without_a_safety_edge_there_is_no_share_of_it(self, found: Line) -> None:
        """A network of random weights refuses nothing, so it has no edge."""
        trajectory = found.summary.trajectory
        assert trajectory.edge is None
        assert {place.edge_ratio for place in trajectory.places} == {None}


class TestOnAPlane:
    @pytest.fixture(scope="class")
    @staticmethod
    def found(tiny, bent, tmp_path_factory) -> Surface:
        out = tmp_path_factory.mktemp("runs") / "run"
        asked = {"x": None, "y": "-0.25,0,0.25", "checkpoints": bent, "limit": 1}
        return run(surface.plan(surface_settings(tiny, out, **asked)))

    def test_the_principal_plane_shows_most_of_them(self, found: Surface, tiny, bent) -> None:
        trajectory, origin = found.summary.trajectory, flat(tiny)
        away = np.stack([flat(bent / place.name) - origin for place in trajectory.places])
        singular = np.linalg.svd(away, compute_uv=False)
        share = (singular[:2] ** 2).sum() / (singular**2).sum()
        assert 0.99 < share < 1
        assert trajectory.explained == pytest.approx(share, abs=1e-6)
        drawn = np.array([(place.x, place.y) for place in trajectory.places])
        lengths = np.linalg.norm(drawn, axis=1)
        inside = [place.distance * np.sqrt(place.explained) for place in trajectory.places]
        assert lengths == pytest.approx(inside, rel=1e-5)  # both axes have the weights' own norm
        assert abs(found.summary.cosine) < 1e-6
        assert found.summary.x.name == "principal direction 1"

    def test_by_default_the_map_goes_beyond_them(self, found: Surface) -> None:
        values = found.summary.x.values
        x = [place.x for place in found.summary.trajectory.places]
        assert 0.0 in values
        assert values[0] < min(0.0, *x) - 0.4 * (max(0.0, *x) - min(0.0, *x))
        assert values[-1] > max(x) + 0.4 * (max(0.0, *x) - min(0.0, *x))
        assert 15 < len(values) < 30

    def test_what_they_say_is_what_they_say_by_themselves(self, found, bent, tmp_path) -> None:
        stops = found.summary.request["grid"]["stops"]
        with reading(found.folder) as store:
            for stop, place in zip(stops, found.summary.trajectory.places, strict=True):
                asked = settings(bent / place.name, tmp_path / place.name, directions=1, points=3)
                alone = run(landscape.plan(landscape.ScanSettings(**{**vars(asked), "limit": 1})))
                with reading(alone.folder) as other:
                    key = f"to.{stop['given'][:16]}@1.0"
                    assert store.responses(key) == other.responses("origin")
                for side in ("harmful", "benign"):
                    measured = {n: e.value for n, e in place.measured[side].items()}
                    own = {n: e.value for n, e in alone.summary.origin[side].items()}
                    assert measured.keys() == own.keys()
                    # The coherence judge is calibrated on each run's own origin.
                    assert measured["keyword_asr"] == own["keyword_asr"]

    def test_on_a_random_plane(self, tiny: Path, bent: Path, tmp_path: Path) -> None:
        asked = {"x": "-0.5,0", "y": "0,0.5", "checkpoints": bent, "plane": "random", "limit": 1}
        made = surface.plan(surface_settings(tiny, tmp_path / "run", **asked))
        plain = surface.plan(surface_settings(tiny, x="-0.5,0", y="0,0.5", limit=1))
        assert made.work.points[:4] == plain.work.points
        found = run(made).summary
        assert found.trajectory.explained < 0.05
        assert [place.name for place in found.trajectory.places] == [
            "checkpoint-9", "checkpoint-10", "checkpoint-11"
        ]  # fmt: skip


class TestTooFewWays:
    def test_a_straight_fine_tune_and_a_random_direction(self, tiny, straight, tmp_path) -> None:
        asked = {"x": "0,0.5", "y": "-0.25,0", "checkpoints": straight, "limit": 1}
        found = run(surface.plan(surface_settings(tiny, tmp_path / "run", **asked))).summary
        assert [found.x.name, found.y.name] == ["principal direction 1", "random direction 0"]
        assert found.trajectory.explained == pytest.approx(1, abs=1e-5)
        assert [p.x for p in found.trajectory.places] == pytest.approx([0.125, 0.25, 0.5], rel=1e-3)

    def test_then_both_axes_are_alike_by_default(self, tiny: Path, straight: Path) -> None:
        made = surface.plan(surface_settings(tiny, x=None, y=None, checkpoints=straight))
        across, up = made.request["grid"]["axes"]
        assert across["values"] == up["values"]
        assert "random" in up

    @pytest.mark.parametrize("plane", [None, "trajectory"])
    def test_checkpoints_that_never_moved(self, tiny, tmp_path, plane: str | None) -> None:
        for number in (1, 2):
            between(tmp_path / f"checkpoint-{number}", tiny, tiny, 0.0)
        asked = surface_settings(tiny, checkpoints=tmp_path, plane=plane)
        with pytest.raises(UsageError, match="there is no way to show; pass --plane random"):
            surface.plan(asked)

    def test_the_remedy_works(self, tiny: Path, tmp_path: Path) -> None:
        between(tmp_path / "tuned" / "checkpoint-1", tiny, tiny, 0.0)
        asked = {"x": "0,0.5", "y": "0,0.5", "checkpoints": tmp_path / "tuned", "plane": "random"}
        found = run(
            surface.plan(surface_settings(tiny, tmp_path / "run", limit=1, **asked))
        ).summary
        (place,) = found.trajectory.places
        assert (place.x, place.y, place.distance) == (0, 0, 0)
        assert place.edge_ratio is None
        assert found.trajectory.explained is None


def test_a_fine_tune_of_adapters(tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tuned"
    for number, seed in ((10, 1), (9, 0)):
        tiny_adapter(folder / f"checkpoint-{number}", tiny, seed=seed)
    asked = {"x": "0,0.5", "y": "0,0.5", "checkpoints": folder, "limit": 1}
    found = run(surface.plan(surface_settings(tiny, tmp_path / "run", **asked))).summary
    assert [place.name for place in found.trajectory.places] == ["checkpoint-9", "checkpoint-10"]
    assert found.trajectory.explained == pytest.approx(1, abs=1e-6)
    for place in found.trajectory.places:
        assert place.distance > 0
        assert place.layers["embedding"] == 0
        assert place.layers["model.layers.0"] > 0


def test_from_one_adapter_to_another_by_their_folders_alone(tiny: Path, tmp_path: Path) -> None:
    first, second = (tiny_adapter(tmp_path / name, tiny, seed=n) for n, name in enumerate("ab"))
    ((alone,), _), ((named,), _) = (
        open_beside(load(ModelRef.parse(origin), device="cpu"), [str(second)])
        for origin in (str(first), f"{tiny}+{first}")
    )
    assert alone.way == named.way
