"""The pages of a line and of a scan with capabilities as a person sees them."""

from __future__ import annotations

import time

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from safebasin.report.page import Example, render

from .browser import OVERLAPS, browser, folder, needs_browser, show, visible_text
from .factory import examples
from .factory_line import line, line_examples, measured_scan
from .payloads import HOSTILE

__all__ = ["browser", "folder", "show"]

pytestmark = needs_browser

CHARTS = ("chart-harmful", "chart-benign", "chart-capability", "chart-layers", "chart-trajectory")
MEASURES = ("accuracy", "perplexity")
CHART_WORDS = ".xtick text, .ytick text, .y2tick text, .annotation-text, .xtitle, .ytitle, .y2title"


@pytest.fixture(scope="module")
def page():
    found = line(measures=MEASURES)
    return render(found, line_examples(found))


def click_chart(browser, chart, t):
    """Click at a position on the line, in the upper part of a chart."""
    panel = browser.find_element(By.CSS_SELECTOR, f"#{chart} .nsewdrag")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", panel)
    place = f"return document.getElementById('{chart}')._fullLayout.xaxis.c2p({t})"
    x = round(browser.execute_script(place) - panel.size["width"] / 2)
    ActionChains(browser).move_to_element_with_offset(panel, x, -30).pause(0.3).click().perform()
    time.sleep(0.5)


@pytest.mark.parametrize(
    ("t", "text"), [(-0.25, "−0.25"), (0.0, "0.00"), (0.5, "0.50"), (1, "1.00")]
)
@pytest.mark.parametrize("chart", ["chart-harmful", "chart-benign", "chart-capability"])
def test_a_click_selects_the_responses_of_its_position(show, page, chart, t, text):
    browser = show(page)
    click_chart(browser, chart, t + 0.004)
    assert browser.find_element(By.ID, "reveal").text == f"Show the responses at t = {text}"
    assert "Take the first part" not in visible_text(browser)
    browser.find_element(By.ID, "reveal").click()
    assert Select(browser.find_element(By.ID, "position")).first_selected_option.text == text
    assert f"(t = {float(t)}, " in browser.find_element(By.CSS_SELECTOR, ".said").text


def test_a_click_on_a_checkpoint_selects_the_nearest_position(show, page):
    browser = show(page)
    panel = browser.find_element(By.CSS_SELECTOR, "#chart-trajectory .nsewdrag")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", panel)
    x, y = browser.execute_script(
        "const c = document.getElementById('chart-trajectory'), l = c._fullLayout;"
        "const d = c.data[c.data.length - 1];"
        "return [l.xaxis.c2p(d.x[1]), l.yaxis.c2p(d.y[1])]"
    )
    offset = round(x - panel.size["width"] / 2), round(y - panel.size["height"] / 2)
    ActionChains(browser).move_to_element_with_offset(panel, *offset).pause(0.3).click().perform()
    time.sleep(0.5)
    assert browser.find_element(By.ID, "reveal").text == "Show the responses at t = 0.50"


def test_position_and_kind_can_be_chosen(show, page):
    browser = show(page)
    browser.find_element(By.ID, "reveal").click()
    assert "(t = 0.0, " in browser.find_element(By.CSS_SELECTOR, ".said").text
    Select(browser.find_element(By.ID, "position")).select_by_visible_text("0.75")
    browser.find_element(By.CSS_SELECTOR, "#kinds [data-name=benign]").click()
    answers = browser.find_elements(By.CSS_SELECTOR, ".answer")
    assert len(answers) == 6
    assert all("(t = 0.75, " in answer.text for answer in answers)
    browser.find_element(By.ID, "after").click()
    assert "(t = 0.8, " in browser.find_element(By.CSS_SELECTOR, ".said").text
    browser.find_element(By.ID, "before").click()
    assert "(t = 0.75, " in browser.find_element(By.CSS_SELECTOR, ".said").text


@pytest.mark.parametrize("width", [1280, 760, 500])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"refusals": 0.1, "coherence": 0.2},
        {"refusals": 2.0, "coherence": 2.0, "partial": True},
        {"start": 0.0, "end": 1.0, "blocks": 80},
        {"refusals": None, "checkpoints": 0},
    ],
)
def test_nothing_overlaps_or_sticks_out(show, width, theme, changes):
    found = line(measures=MEASURES, **changes)
    browser = show(render(found, line_examples(found)), width, theme)
    assert (
        browser.execute_script(OVERLAPS, "h1, h2, h3, p:not(.watermark), li, td, th, label") == []
    )
    for chart in CHARTS:
        words = ", ".join(f"#{chart} {one.strip()}" for one in CHART_WORDS.split(","))
        if chart != "chart-layers":
            words = words.replace(".xtick text", ".xtick tspan")  # three lines of different widths
        assert browser.execute_script(OVERLAPS, words) == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_a_scan_shows_safety_and_capability(show):
    found = measured_scan(directions=2)
    browser = show(render(found, examples(found)))
    drawn = browser.execute_script(
        "const c = document.getElementById('chart-capability');"
        "return [c.data.length, c._fullLayout.yaxis2.type]"
    )
    assert drawn == [8, "log"]
    legend = browser.find_elements(By.CSS_SELECTOR, "#capability .legend li")
    assert [one.text for one in legend] == [
        "refused, harmful prompts",
        "complied, benign prompts",
        "Arithmetic, exact answers",
        "Perplexity of plain text (perplexity, right axis)",
    ]
    stroke = "return getComputedStyle(arguments[0]).stroke"
    samples = browser.find_elements(By.CSS_SELECTOR, "#capability .sample line")
    assert len({browser.execute_script(stroke, one) for one in samples}) == 4
    click_chart(browser, "chart-capability", 0.2)
    assert browser.find_element(By.ID, "reveal").text == "Show the responses at α = 0.20"


def test_hostile_texts_do_nothing(show):
    name = "".join(HOSTILE[:-1])
    found = line(first=name, second=name, notes=HOSTILE, measures=("accuracy",))
    measure = found.measures[0].model_copy(update={"title": HOSTILE[5], "unit": HOSTILE[6]})
    place = found.trajectory.places[0].model_copy(update={"name": HOSTILE[0]})
    placed = found.trajectory.model_copy(update={"places": [place]})
    found = found.model_copy(update={"measures": [measure], "trajectory": placed})
    said = [Example("origin", "harmful", t, t, "complied", t, t, t) for t in HOSTILE]
    browser = show(render(found, said))
    browser.find_element(By.ID, "reveal").click()
    assert browser.find_elements(By.CSS_SELECTOR, ".answer")
    injected = (
        "img, iframe, object, video, form, math, a, base, link, #answers script, #answers svg"
    )
    assert not browser.find_elements(By.CSS_SELECTOR, injected)
