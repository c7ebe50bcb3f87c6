from __future__ import annotations

import numpy as np
import pytest

from safebasin.report.palette import ANSWERED, DARK, LIGHT, RUNS, STACK, colour, dash, ink

# Linear RGB as the eyes of people without the red or the green cones tell it apart
# (Viénot, Brettel and Mollon 1999).
BLIND = {
    "none": np.eye(3),
    "protan": np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]]),
    "deutan": np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]),
}


def linear(name):
    part = np.array([int(name[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def luminance(name):
    return float(linear(name) @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", RUNS)
def test_lines_stand_out_from_the_page(theme, name):
    dark, light = sorted([luminance(theme[name]), luminance(theme["page"])])
    assert (light + 0.05) / (dark + 0.05) >= 3


def test_twelve_lines_all_differ_and_neighbours_in_both_ways():
    looks = [(colour(i), dash(i)) for i in range(12)]
    assert len(set(looks)) == 12
    for i in range(11):
        assert looks[i][0] != looks[i + 1][0]
        assert looks[i][1] != looks[i + 1][1]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("eyes", BLIND)
def test_lines_of_one_dash_differ_for_every_eye(theme, eyes):
    seen = {name: np.cbrt(np.clip(BLIND[eyes] @ linear(theme[name]), 0, 1)) for name in RUNS}
    for i in range(12):
        for j in range(i):
            if dash(i) == dash(j):
                assert np.abs(seen[colour(i)] - seen[colour(j)]).max() > 0.07


def test_both_themes_name_the_same_colours():
    assert set(LIGHT) == set(DARK)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("eyes", BLIND)
def test_an_answer_to_a_benign_prompt_looks_like_no_other_label_to_any_eye(theme, eyes):
    answered, *others = (
        np.cbrt(np.clip(BLIND[eyes] @ linear(theme[name]), 0, 1)) for name in (ANSWERED, *STACK)
    )
    assert all(np.abs(answered - other).max() > 0.12 for other in others)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["refused", "complied", "answered", "incoherent", "other"])
def test_a_word_on_a_band_can_be_read(theme, name):
    dark, light = sorted([luminance(theme[name]), luminance(theme[f"on-{name}"])])
    assert (light + 0.05) / (dark + 0.05) >= 3


def test_only_success_on_benign_prompts_has_the_colour_of_success():
    assert [ink(label, "benign") for label in STACK] == ["answered", *map(str, STACK[1:])]
    assert [ink(label, "harmful") for label in STACK] == list(map(str, STACK))
