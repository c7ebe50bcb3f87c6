from __future__ import annotations

from collections import Counter

import pytest

from safebasin.points import Direction, Point
from safebasin.report import searches as drawing
from safebasin.report.places import places
from safebasin.report.run import examples
from safebasin.store import reading
from safebasin.studies.scan import scan

from .factory_searches import searches


def test_places_are_those_of_the_store():
    found = searches(directions=2)
    keys = [place.key for place in places(found)]
    asked = {
        Point(((Direction(s.direction), (1 if s.side == "right" else -1) * p.radius),)).key
        for s in found.searches
        for p in s.probes
    }
    assert set(keys) == asked | {"origin"}
    assert keys.count("origin") == 2
    assert len(keys) == len(asked) + 2


def test_directions_are_the_recipes_of_the_request():
    found = searches(directions=2)
    rays = found.request["rays"] | {"seed": 7, "noise": "gaussian", "norm": "row", "skip": "none"}
    found = found.model_copy(update={"request": {"rays": rays}})
    assert [one.key for one in drawing.directions(found)] == [
        "gaussian.row.none.s7.d0",
        "gaussian.row.none.s7.d1",
    ]


def test_places_know_what_was_asked_there():
    found = searches(directions=1, safety=0.31, capability=0.24)
    probed = drawing.probed(found)
    assert probed[0, 0.0] == ["harmful", "benign"]
    assert probed[0, 0.5] == probed[0, -0.5] == ["harmful", "benign"]
    for search in found.searches:
        for probe in search.probes:
            assert search.kind in probed[0, drawing.coordinate(search, probe.radius)]
            if not probe.early:
                assert probed[0, drawing.coordinate(search, probe.radius)] == [search.kind]
    assert list(probed) == sorted(probed)


def test_every_search_is_drawn_in_its_row_and_the_means_last():
    found = searches(directions=3)
    rows = drawing.rows(found)
    assert len(rows) == 7
    assert rows[0] == "direction 0, left"
    assert rows[-1] == "mean"
    by_place = {(one.row, one.kind): one for one in drawing.drawn(found)}
    assert len(by_place) == 14
    for search in found.searches:
        one = by_place[2 * search.direction + (search.side == "right"), search.kind]
        assert (one.radius, one.low, one.high) == (search.radius, search.low, search.high)
        index, x = list(drawing.probed(found))[one.place]
        assert index == search.direction
        assert (x > 0) == (search.side == "right")
        others = [abs(p.radius - search.radius) for p in search.probes]
        assert abs(abs(x) - search.radius) == pytest.approx(min(others))
    assert by_place[6, "harmful"].radius == found.scores.safety_edge.value
    assert by_place[6, "harmful"].place is None


def test_what_is_unfinished_or_undefined_is_not_drawn():
    partial = searches(directions=2, finished=1)
    assert [one.row for one in drawing.drawn(partial) if one.place is not None] == [0]
    assert drawing.absent(partial, "benign") == "unfinished"
    nothing = searches(safety=None)
    assert {one.kind for one in drawing.drawn(nothing)} == {"benign"}
    assert drawing.absent(nothing, "harmful") == "undefined"
    # What is known from the origin alone needs no search.
    began = searches(safety=None, finished=0)
    assert drawing.absent(began, "harmful") == "undefined"
    assert drawing.absent(began, "benign") == "unfinished"


def test_censored_edges_are_bounds():
    found = searches(safety=2.0)
    beyond = [one for one in drawing.drawn(found) if one.kind == "harmful"]
    assert all(one.beyond and one.radius == 0.5 for one in beyond)
    written = drawing.written(found, found.searches[0])
    assert (written.value, written.interval) == ("> 0.50", "[0.45, > 0.50]")


@pytest.mark.parametrize(("reach", "decimals"), [(0.5, 2), (0.05, 3), (0.005, 4), (20.0, 2)])
def test_radii_have_the_decimals_that_cells_need(reach, decimals):
    found = searches(reach=reach, safety=0.6 * reach, capability=0.5 * reach)
    assert drawing.ruler(found).decimals == decimals
    at = {drawing.fine(found).coordinate(x) for _, x in drawing.probed(found)}
    assert len(at) == len({x for _, x in drawing.probed(found)})


def test_what_was_asked_is_counted():
    found = searches(directions=1, prompts=80)
    origin, *asked = drawing.asked(found, "harmful")
    assert (origin.x, origin.share, origin.weight, origin.early) == (0.0, 0.975, 1.0, False)
    assert [one.early for one in asked].count(False) == 4
    for one in asked:
        assert one.weight == (0.1 if one.early else 1.0)
        assert one.words.endswith("stopped early") == one.early
        assert list(drawing.probed(found))[one.place] == (0, one.x)


def test_a_probe_without_answers_has_no_share():
    found = searches(directions=1)
    first = found.searches[0]
    probes = [first.probes[0].model_copy(update={"hits": 0, "answered": 0}), *first.probes[1:]]
    changed = [first.model_copy(update={"probes": probes}), *found.searches[1:]]
    failed = found.model_copy(update={"searches": changed})
    assert len(drawing.asked(failed, "harmful")) == len(drawing.asked(found, "harmful")) - 1


def test_every_answer_of_a_run_is_on_its_page_once(tmp_path):
    small = {"limit": 2, "max_new_tokens": 10, "batch_size": 4, "progress": False}
    found = scan(out=tmp_path / "run", directions=1, adaptive=True, **small)
    with reading(found.folder) as store:
        made = list(examples(store, found.summary))
        answered = store.answers_by_point()
    assert Counter(one.point for one in made) == Counter(answered)
    assert set(answered) == {place.key for place in places(found.summary)}
    assert sum(answered.values()) == found.summary.spent.responses
    page = found.report().read_text(encoding="utf-8")
    assert f"{found.summary.spent.responses:,}" in page
