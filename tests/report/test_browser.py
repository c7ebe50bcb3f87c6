"""The page as a person sees it, in a headless Chromium."""

from __future__ import annotations

import time

import pytest
from selenium.common.exceptions import NoAlertPresentException
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from safebasin.report.page import Example, render
from safebasin.report.places import key

from .browser import OVERLAPS, browser, folder, needs_browser, show, visible_text
from .factory import examples, summary
from .payloads import HOSTILE

__all__ = ["browser", "folder", "show"]

pytestmark = needs_browser

# Where a direction's point lies in the panel of curves, in pixels.
PLACE = """
  const chart = document.getElementById("chart-directions");
  const { xaxis, yaxis } = chart._fullLayout;
  const curve = chart.data.find((trace) => trace.meta === arguments[0]);
  return [xaxis.c2p(curve.x[arguments[1]]), yaxis.c2p(curve.y[arguments[1]])];
"""


@pytest.fixture(scope="module")
def page():
    found = summary()
    return render(found, examples(found))


def click_chart(browser, chart, share):
    """Click at a share of the panel's width, in its upper part."""
    panel = browser.find_element(By.CSS_SELECTOR, f"#{chart} .nsewdrag")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", panel)
    x = round((share - 0.5) * panel.size["width"])
    ActionChains(browser).move_to_element_with_offset(panel, x, -30).pause(0.3).click().perform()
    time.sleep(0.5)


def test_responses_are_hidden_until_asked_for(show, page):
    browser = show(page)
    assert "Take the first part" not in visible_text(browser)
    assert not browser.find_elements(By.CSS_SELECTOR, ".answer")
    browser.find_element(By.ID, "reveal").click()
    assert "Take the first part" in visible_text(browser)
    assert not browser.find_element(By.ID, "reveal").is_displayed()


@pytest.mark.parametrize(("share", "alpha"), [(0.0, "−0.50"), (0.3, "−0.20"), (0.9, "0.40")])
@pytest.mark.parametrize("chart", ["chart-harmful", "chart-benign"])
def test_a_click_on_the_landscape_selects_its_responses(show, page, chart, share, alpha):
    browser = show(page)
    click_chart(browser, chart, share + 0.002)
    assert browser.find_element(By.ID, "reveal").text == f"Show the responses at α = {alpha}"
    browser.find_element(By.ID, "reveal").click()
    picked = Select(browser.find_element(By.ID, "alpha")).first_selected_option
    assert picked.text == alpha
    said = browser.find_element(By.CSS_SELECTOR, ".said").text
    assert f".d0@{alpha.replace('−', '-').rstrip('0')}," in said


def test_direction_alpha_and_kind_can_be_chosen(show, page):
    browser = show(page)
    browser.find_element(By.ID, "reveal").click()
    Select(browser.find_element(By.ID, "direction")).select_by_visible_text("3")
    Select(browser.find_element(By.ID, "alpha")).select_by_visible_text("0.35")
    browser.find_element(By.CSS_SELECTOR, "#kinds [data-name=benign]").click()
    answers = browser.find_elements(By.CSS_SELECTOR, ".answer")
    assert len(answers) == 6
    assert all(".d3@0.35," in answer.text for answer in answers)
    browser.find_element(By.ID, "after").click()
    assert ".d3@0.4," in browser.find_element(By.CSS_SELECTOR, ".said").text


def test_the_origin_belongs_to_every_direction(show, page):
    browser = show(page)
    browser.find_element(By.ID, "reveal").click()
    Select(browser.find_element(By.ID, "direction")).select_by_visible_text("4")
    assert "(origin," in browser.find_element(By.CSS_SELECTOR, ".said").text


def test_a_click_on_a_curve_selects_its_direction(show):
    found = summary(directions=2)
    browser = show(render(found, examples(found)))
    panel = browser.find_element(By.CSS_SELECTOR, "#chart-directions .nsewdrag")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", panel)
    x, y = browser.execute_script(PLACE, 1, 14)
    from_middle = round(x - panel.size["width"] / 2), round(y - panel.size["height"] / 2)
    mouse = ActionChains(browser).move_to_element_with_offset(panel, *from_middle)
    mouse.pause(0.3).click().perform()
    browser.find_element(By.ID, "reveal").click()
    for name, text in (("direction", "1"), ("alpha", "0.20")):
        assert Select(browser.find_element(By.ID, name)).first_selected_option.text == text


def test_the_curves_can_be_switched(show, page):
    browser = show(page)
    mean = "const d = document.getElementById('chart-directions').data; return d[d.length - 1].y"
    shown = []
    for button in browser.find_elements(By.CSS_SELECTOR, "#measures button"):
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
        shown.append(tuple(browser.execute_script(mean)))
    assert len(set(shown)) == len(shown) == 5


@pytest.mark.parametrize("width", [1280, 760])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"safety": 0.2, "capability": 0.14},
        {"safety": 0.3, "capability": 0.28},
        {"safety": 0.9, "capability": 0.9, "partial": True},
        {"safety": None, "directions": 1},
    ],
)
def test_nothing_overlaps_or_sticks_out(show, width, theme, changes):
    found = summary(**changes)
    browser = show(render(found, examples(found)), width, theme)
    assert (
        browser.execute_script(OVERLAPS, "h1, h2, h3, p:not(.watermark), li, td, th, label") == []
    )
    charts = [one.get_attribute("id") for one in browser.find_elements(By.CSS_SELECTOR, ".chart")]
    assert {"chart-harmful", "chart-benign", "chart-directions"} <= set(charts)
    for chart in charts:
        words = f"#{chart} .xtick text, #{chart} .ytick text, #{chart} .annotation-text, "
        words += f"#{chart} .xtitle, #{chart} .ytitle"
        assert browser.execute_script(OVERLAPS, words) == []
    wide = "return document.documentElement.scrollWidth"
    assert browser.execute_script(wide) <= width
    assert len(browser.find_elements(By.CSS_SELECTOR, ".chart .xtitle")) == len(charts)


def background(browser):
    body = "return getComputedStyle(document.body).backgroundColor"
    chart = "return document.querySelector('#chart-harmful .main-svg').style.background"
    return browser.execute_script(body), browser.execute_script(chart)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes_and_the_switch(show, page, theme):
    browser = show(page, theme=theme)
    first = background(browser)
    assert first[0] == first[1]
    browser.find_element(By.ID, "theme").click()
    second = background(browser)
    assert second[0] == second[1] != first[0]
    browser.find_element(By.ID, "theme").click()
    assert background(browser) == first


def test_hostile_texts_do_nothing(show):
    hostile = [
        Example(
            key(("gaussian.layer.norms.s0.d0", alpha)),
            kind,
            text,
            text,
            "complied",
            text,
            text,
            text,
        )
        for alpha, text in zip([x / 20 for x in range(-10, 11)] * 2, HOSTILE, strict=True)
        for kind in ("harmful", "benign")
    ]
    found = summary(name="".join(HOSTILE[:-1]), axis_label=HOSTILE[5], notes=HOSTILE)
    browser = show(render(found, hostile))
    browser.find_element(By.ID, "reveal").click()
    browser.find_element(By.CSS_SELECTOR, "#kinds [data-name=all]").click()
    read = ""
    alphas = Select(browser.find_element(By.ID, "alpha"))
    for index in range(21):
        alphas.select_by_index(index)
        read += browser.find_element(By.ID, "answers").text
    assert "<img src=x onerror=alert(1)>" in read
    assert "{{ 7 * 7 }}" in read
    assert "⟨U+202E⟩" in read
    injected = (
        "img, iframe, object, video, form, math, a, base, link, #answers script, #answers svg"
    )
    assert not browser.find_elements(By.CSS_SELECTOR, injected)
    with pytest.raises(NoAlertPresentException):
        _ = browser.switch_to.alert.text


def test_the_policy_stops_what_got_in_and_the_watch_sees_it(show, page):
    browser = show(page)
    browser.execute_script(
        "const s = document.createElement('script'); s.textContent = 'window.ran = true';"
        "document.body.append(s); const i = new Image(); i.src = 'https://example.invalid/x.png';"
    )
    stopped = WebDriverWait(browser, 5).until(seen_violations)
    assert sorted(stopped) == ["img-src", "script-src-elem"]
    assert browser.execute_script("return window.ran") is None
    assert len(browser.get_log("browser")) == 2
    browser.execute_script("window.violations = []")
    browser.get_log("performance")  # the request that was stopped is in it


def seen_violations(browser):
    found = browser.execute_script("return window.violations")
    return found if len(found) == 2 else None
