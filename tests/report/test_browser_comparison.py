"""The page of a comparison as a person sees it."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.by import By

from safebasin.report.page import render

from .browser import OVERLAPS, browser, folder, needs_browser, show
from .factory_comparison import comparison
from .payloads import HOSTILE
from .test_browser_line import CHART_WORDS

__all__ = ["browser", "folder", "show"]

pytestmark = needs_browser

DRAWN = "return document.getElementById('chart-overlay').data.map((trace) => trace.meta)"
CHARTS = [
    "chart-overlay", "chart-forest-visage", "chart-forest-safety_edge",
    "chart-forest-capability_edge",
]  # fmt: skip


@pytest.fixture(scope="module")
def page():
    return render(comparison())


def test_a_click_on_a_run_hides_it_and_another_shows_it(show, page):
    browser = show(page)
    before = browser.execute_script(DRAWN)
    button = browser.find_element(By.CSS_SELECTOR, "#runs [data-run='2']")
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert browser.execute_script(DRAWN) == [run for run in before if run != 2]
    browser.find_element(By.CSS_SELECTOR, "#measures [data-name=keyword-asr]").click()
    assert 2 not in browser.execute_script(DRAWN)
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    assert 2 in browser.execute_script(DRAWN)


def test_measures_can_be_switched(show, page):
    browser = show(page)
    curve = "return document.getElementById('chart-overlay').data[1].y"
    shown = []
    for button in browser.find_elements(By.CSS_SELECTOR, "#measures button"):
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
        shown.append(tuple(browser.execute_script(curve)))
    assert len(set(shown)) == len(shown) == 5


def test_samples_have_the_colours_of_the_lines(show, page):
    browser = show(page)
    sampled = browser.execute_script(
        "return [...document.querySelectorAll('#runs .sample line')]"
        ".map((line) => getComputedStyle(line).stroke)"
    )
    drawn = browser.execute_script(
        "return document.getElementById('chart-overlay').data"
        ".filter((trace) => trace.customdata && trace.mode === 'lines')"
        ".map((trace) => trace.line.color)"
    )
    numbers = [[part.strip(" rgba()") for part in one.split(",")][:3] for one in (*sampled, *drawn)]
    assert numbers[:4] == numbers[4:]
    assert len({tuple(one) for one in numbers}) == 4


@pytest.mark.parametrize("width", [1280, 760, 500])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "changes",
    [{}, {"runs": 12}, {"runs": 2, "same_prompts": False}, {"safety": None}, {"safety": 0.9}],
)
def test_nothing_overlaps_or_sticks_out(show, width, theme, changes):
    browser = show(render(comparison(**changes)), width, theme)
    assert (
        browser.execute_script(
            OVERLAPS, "h1, h2, h3, p, li, td, th, #runs button, #measures button"
        )
        == []
    )
    for chart in CHARTS:
        words = ", ".join(f"#{chart} {one.strip()}" for one in CHART_WORDS.split(","))
        assert browser.execute_script(OVERLAPS, words) == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_hostile_texts_do_nothing(show):
    name = "".join(HOSTILE[:-1])
    found = comparison(runs=3, names=[name, HOSTILE[0], HOSTILE[5]], notes=HOSTILE)
    facts = {HOSTILE[5]: HOSTILE[6]}
    runs = [run.model_copy(update={"facts": facts, "run": HOSTILE[0]}) for run in found.runs]
    browser = show(render(found.model_copy(update={"runs": runs})))
    injected = "img, iframe, object, video, form, math, a, base, link"
    assert not browser.find_elements(By.CSS_SELECTOR, injected)
    assert len(browser.find_elements(By.CSS_SELECTOR, "#runs button")) == 3
