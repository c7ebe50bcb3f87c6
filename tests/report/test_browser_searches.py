"""The page of an adaptive scan as a person sees it."""

from __future__ import annotations

import time

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from safebasin.report.page import Example, render

from .browser import OVERLAPS, browser, folder, needs_browser, show, visible_text
from .factory_searches import search_examples, searches
from .payloads import HOSTILE

__all__ = ["browser", "folder", "show"]

pytestmark = needs_browser

CHARTS = ("chart-searches", "chart-probes")
CHART_WORDS = ".xtick text, .ytick text, .xtitle, .ytitle"


@pytest.fixture(scope="module")
def page():
    found = searches()
    return render(found, search_examples(found))


def click(browser, chart, trace, number):
    """Click at one point of a trace."""
    panel = browser.find_element(By.CSS_SELECTOR, f"#{chart} .nsewdrag")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", panel)
    x, y = browser.execute_script(
        f"const c = document.getElementById('{chart}'), l = c._fullLayout;"
        f"const d = c.data[{trace}];"
        f"return [l.xaxis.c2p(d.x[{number}]), l.yaxis.c2p(d.y[{number}])]"
    )
    offset = round(x - panel.size["width"] / 2), round(y - panel.size["height"] / 2)
    ActionChains(browser).move_to_element_with_offset(panel, *offset).pause(0.3).click().perform()
    time.sleep(0.5)


def said(browser):
    return [one.text for one in browser.find_elements(By.CSS_SELECTOR, ".said")]


def test_a_click_on_an_edge_shows_what_was_said_next_to_it(show, page):
    browser = show(page)
    click(browser, "chart-searches", 3, 5)  # the capability edge of direction 2, right
    place = browser.execute_script(
        "return Page.data.points[document.getElementById('chart-searches').data[3].meta[5]]"
    )
    assert place[0] == 2
    wanted = f"Show the responses at α = {place[2]}, direction 2"
    assert browser.find_element(By.ID, "reveal").text == wanted
    assert "Take the first part" not in visible_text(browser)
    browser.find_element(By.ID, "reveal").click()
    assert said(browser)
    assert all(f".d2@{place[1]!r}, benign" in one for one in said(browser))


def test_a_click_on_a_mean_chooses_nothing(show, page):
    browser = show(page)
    click(browser, "chart-searches", 1, 6)
    assert browser.find_element(By.ID, "reveal").text == "Show the responses"


def test_probes_of_one_kind_are_shown_and_lead_to_its_responses(show, page):
    browser = show(page)
    colours = []
    for name in ("benign", "harmful"):
        browser.find_element(By.CSS_SELECTOR, f"#edge-kinds [data-name={name}]").click()
        time.sleep(0.3)
        drawn = "return document.getElementById('chart-probes').data[0].name"
        assert browser.execute_script(drawn) == name
        shown = "#chart-probes .point"
        colours.append(browser.find_element(By.CSS_SELECTOR, shown).value_of_css_property("stroke"))
    assert colours[0] != colours[1]
    browser.find_element(By.CSS_SELECTOR, "#edge-kinds [data-name=benign]").click()
    time.sleep(0.3)
    click(browser, "chart-probes", 0, 1)  # a radius that both kinds were asked at
    browser.find_element(By.ID, "reveal").click()
    assert said(browser)
    assert all("benign" in one for one in said(browser))


def test_stopped_early_is_open_and_whole_is_filled(show, page):
    browser = show(page)
    fills = browser.execute_script(
        "const symbols = document.getElementById('chart-probes').data[0].marker.symbol;"
        "return [...document.querySelectorAll('#chart-probes .point')].map("
        "  (e, i) => [symbols[i], getComputedStyle(e).fill])"
    )
    assert {symbol for symbol, _ in fills} == {"circle", "circle-open"}
    for symbol, fill in fills:
        assert (fill == "none") == (symbol == "circle-open")


def test_direction_and_place_can_be_chosen(show, page):
    browser = show(page)
    browser.find_element(By.ID, "reveal").click()
    assert all("(origin, " in one for one in said(browser))
    Select(browser.find_element(By.ID, "direction")).select_by_visible_text("1")
    assert all("(origin, " in one for one in said(browser))
    alpha = Select(browser.find_element(By.ID, "alpha"))
    assert alpha.first_selected_option.text == "0.000"
    alpha.select_by_visible_text("0.125")
    assert all(".d1@0.125, harmful" in one for one in said(browser))
    browser.find_element(By.ID, "before").click()
    assert all("(origin, " in one for one in said(browser))
    # Where only one kind was asked, the page shows that kind.
    for _ in range(20):
        assert said(browser)
        browser.find_element(By.ID, "after").click()
    assert all(".d1@0.5, " in one for one in said(browser))


@pytest.mark.parametrize("width", [1280, 760, 500])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"safety": 2.0, "rises": (0,), "finished": 9},
        {"directions": 10, "reach": 0.05, "safety": 0.03, "capability": 0.02},
        {"safety": None, "capability": None},
    ],
)
def test_nothing_overlaps_or_sticks_out(show, width, theme, changes):
    found = searches(**changes)
    browser = show(render(found, search_examples(found)), width, theme)
    words = "h1, h2, h3, p:not(.watermark), li, td, th, label"
    assert browser.execute_script(OVERLAPS, words) == []
    for chart in CHARTS:
        words = ", ".join(f"#{chart} {one.strip()}" for one in CHART_WORDS.split(","))
        assert browser.execute_script(OVERLAPS, words) == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_hostile_texts_do_nothing(show):
    name = "".join(HOSTILE[:-1])
    texts = [Example("origin", "harmful", t, t, "complied", t, t, t) for t in HOSTILE]
    browser = show(render(searches(name=name, axis_label=name, notes=HOSTILE), texts))
    browser.find_element(By.ID, "reveal").click()
    assert browser.find_elements(By.CSS_SELECTOR, ".answer")
    injected = (
        "img, iframe, object, video, form, math, a, base, link, #answers script, #answers svg"
    )
    assert not browser.find_elements(By.CSS_SELECTOR, injected)
