from __future__ import annotations

from safebasin.report.layers import Layers

from .factory_plane import GROUPS, place


def test_the_largest_distance_has_the_darkest_shade():
    near, far = (place("p", 0.0, 0.0, distance=distance) for distance in (0.01, 0.1))
    layers = Layers.of([("1 near", near), ("2 far", far)])
    assert layers.groups == list(GROUPS)
    assert layers.most == "0.16"
    assert layers.rows[1][1][-1] == (20, "0.16")
    assert layers.rows[0][1][-1] == (2, "0.016")


def test_a_group_that_one_checkpoint_lacks_or_cannot_scale_is_a_dash():
    one = place("p", 0.0, 0.0, distance=0.1)
    other = one.model_copy(update={"layers": {"embedding": None, "extra": 0.01}})
    layers = Layers.of([("1", one), ("2", other)])
    assert layers.groups == [*GROUPS, "extra"]
    assert layers.rows[0][1][-1] == (0, "–")
    assert layers.rows[1][1][0] == (0, "–")


def test_nothing_moved():
    layers = Layers.of([("1", place("p", 0.0, 0.0, distance=0.0))])
    assert {shade for shade, _ in layers.rows[0][1]} == {0}
    assert Layers.of([]).groups == []
