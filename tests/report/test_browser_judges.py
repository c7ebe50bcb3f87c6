"""The judges' section as a person sees it, in a headless Chromium."""

from __future__ import annotations

import time

import pytest
from selenium.common.exceptions import NoAlertPresentException
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By

from safebasin.report.page import render

from .browser import OVERLAPS, browser, folder, needs_browser, show, visible_text
from .factory import examples, summary
from .factory_judged import COHERENCE, banded, hostile, judged
from .factory_line import line, line_examples, measured_scan
from .factory_plane import plane
from .payloads import HOSTILE

__all__ = ["browser", "folder", "show"]

pytestmark = needs_browser

WORDS = "h1, h2, h3, p:not(.watermark), li, td, th, label, summary"


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "found",
    [
        banded(judged(measured_scan(), failed=3)),
        banded(judged(line())),
        judged(plane(study="path", checkpoints=3), kappa=None),
        judged(summary(), judges=(COHERENCE,)),
    ],
    ids=["scan", "line", "plane", "one judge"],
)
def test_nothing_overlaps_or_sticks_out(show, found, width, theme):
    browser = show(render(found), width, theme)
    for details in browser.find_elements(By.CSS_SELECTOR, "#judges details"):
        details.find_element(By.TAG_NAME, "summary").click()
    assert browser.execute_script(OVERLAPS, WORDS) == []
    chart = "#chart-judges .xtick text, #chart-judges .ytick text, #chart-judges .annotation-text"
    assert browser.execute_script(OVERLAPS, chart) == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_the_cross_tables_are_there_when_asked_for(show):
    browser = show(render(judged(summary())))
    assert "coherence ↓" not in visible_text(browser)
    browser.find_element(By.CSS_SELECTOR, "#judges summary").click()
    text = visible_text(browser)
    assert "coherence ↓ keyword →" in text
    assert "620 20 0 0" in text


@pytest.mark.parametrize("kind", ["scan", "line"])
def test_a_click_on_a_judges_line_selects_what_was_said_there(show, kind):
    found = judged(summary() if kind == "scan" else line())
    said = examples(found) if kind == "scan" else line_examples(found)
    browser = show(render(found, said))
    panel = browser.find_element(By.CSS_SELECTOR, "#chart-judges .nsewdrag")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", panel)
    x = round(0.3 * panel.size["width"])
    ActionChains(browser).move_to_element_with_offset(panel, x, -20).pause(0.3).click().perform()
    time.sleep(0.5)
    at = "α = 0.30" if kind == "scan" else "t = 0.95"
    assert browser.find_element(By.ID, "reveal").text == f"Show the responses at {at}"


@pytest.mark.parametrize("text", ["".join(HOSTILE[:-1]), HOSTILE[1], HOSTILE[39]])
def test_texts_from_outside_do_nothing(show, text):
    browser = show(render(hostile(summary(points=5, directions=1), text)))
    for details in browser.find_elements(By.CSS_SELECTOR, "#judges details"):
        details.find_element(By.TAG_NAME, "summary").click()
    assert not browser.find_elements(By.CSS_SELECTOR, "img, iframe, object, video, form, a, base")
    with pytest.raises(NoAlertPresentException):
        _ = browser.switch_to.alert.text
