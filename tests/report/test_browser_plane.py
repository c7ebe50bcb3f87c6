"""The page of a map as a person uses it, in a headless Chromium."""

from __future__ import annotations

import time

import pytest
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from safebasin.report.page import Example, render
from safebasin.report.places import places

from .browser import OVERLAPS, browser, folder, needs_browser, show, visible_text
from .factory import examples
from .factory_plane import plane
from .payloads import HOSTILE

__all__ = ["browser", "folder", "show"]

pytestmark = needs_browser

# A copy that may be read often; reading the page's own canvas is worth a warning to the browser.
COPY = """
  const canvas = document.querySelector(arguments[0]);
  const copy = new OffscreenCanvas(canvas.width, canvas.height);
  const pixels = copy.getContext("2d", { willReadFrequently: true });
  pixels.drawImage(canvas, 0, 0);
"""
# The colour of a canvas at shares of its width and height.
PIXEL = (
    COPY
    + """
  const x = Math.floor(arguments[1] * copy.width), y = Math.floor(arguments[2] * copy.height);
  return [...pixels.getImageData(x, y, 1, 1).data];
"""
)
# Which share of a canvas is drawn on, and a number that differs where the drawing does.
DRAWN = (
    COPY
    + """
  const { data } = pixels.getImageData(0, 0, copy.width, copy.height);
  let count = 0, sum = 0;
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3]) count += 1;
    sum = (sum * 31 + data[i] + 256 * data[i + 3]) % 1000003;
  }
  return [count / (copy.width * copy.height), sum];
"""
)
MAPS = ("map", "map-refused", "map-complied", "map-incoherent", "map-coherent-benign")


# How much more room the name of the upright axis takes than the map, in pixels.
TALLER = """
  const of = (part) => document.querySelector(`#${arguments[0]} ${part}`).getBoundingClientRect();
  return of(".map-body").height - of(".field").height;
"""

# Names whose halo lies beside them.
BLURRED = """
  return [...document.querySelectorAll(".name")].filter((name) => {
    const [own, halo] = [name, name.previousSibling].map((e) => e.getBBox());
    return Math.abs(own.width - halo.width) > 0.5;
  }).map((name) => name.textContent);
"""

TICKS = 'return [...document.querySelectorAll(".tick-text")].map((e) => e.textContent)'


@pytest.fixture(scope="module")
def page():
    found = plane(study="path", checkpoints=5, nx=16, ny=16)
    return render(found, examples(found, per_point=6))


def field(browser, name):
    found = browser.find_element(By.CSS_SELECTOR, f"#{name} .field")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", found)
    return found


def move_to(browser, name, x, y):
    """Point at shares of a map's width and height, from the bottom left."""
    found = field(browser, name)
    width, height = found.size["width"], found.size["height"]
    offset = round((x - 0.5) * width), round((0.5 - y) * height)
    return ActionChains(browser).move_to_element_with_offset(found, *offset)


def click(browser, name, x, y):
    move_to(browser, name, x, y).click().perform()
    time.sleep(0.4)


def tip(browser):
    return browser.find_element(By.CSS_SELECTOR, ".tip").text


@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize(
    ("x", "y", "place", "key"),
    [
        (0.53, 0.28, "x = 0.55, y = 0.15", "to.1f2e3d4c5b6a7988@0.55 to.99aabbccddeeff00@0.15"),
        (0.01, 0.99, "x = −0.25, y = 1.25", "to.1f2e3d4c5b6a7988@-0.25 to.99aabbccddeeff00@1.25"),
    ],
)
def test_a_click_on_any_map_selects_its_responses(show, page, name, x, y, place, key):
    browser = show(page)
    click(browser, name, x, y)
    assert browser.find_element(By.ID, "reveal").text == f"Show the responses at {place}"
    browser.find_element(By.ID, "reveal").click()
    picked = [Select(browser.find_element(By.ID, f"at-{axis}")) for axis in "xy"]
    assert [one.first_selected_option.text for one in picked] == [
        part.split("= ")[1] for part in place.split(", ")
    ]
    assert f"({key}, " in browser.find_element(By.CSS_SELECTOR, ".said").text
    assert len(browser.find_elements(By.CSS_SELECTOR, ".field .ring")) == 5


def test_coordinates_and_kind_can_be_chosen_without_a_mouse(show, page):
    browser = show(page)
    browser.find_element(By.ID, "reveal").click()
    assert "(to." in browser.find_element(By.CSS_SELECTOR, ".said").text
    Select(browser.find_element(By.ID, "at-x")).select_by_visible_text("1.05")
    Select(browser.find_element(By.ID, "at-y")).select_by_visible_text("−0.15")
    browser.find_element(By.CSS_SELECTOR, "#kinds [data-name=benign]").click()
    answers = browser.find_elements(By.CSS_SELECTOR, ".answer")
    assert len(answers) == 3
    assert all("@1.05 " in answer.text and "@-0.15," in answer.text for answer in answers)


def test_hovering_tells_the_share_its_interval_and_the_place(show):
    found = plane(nx=5, ny=5)
    refused = found.maps["harmful"].refused
    value, low, high = (
        f"{100 * values_YX[2][2]:.1f}"
        for values_YX in (refused.share_YX, refused.low_YX, refused.high_YX)
    )
    browser = show(render(found))
    move_to(browser, "map-refused", 0.5, 0.5).perform()
    assert tip(browser) == f"Refused: {value} % [{low}, {high}]\nx = 0.00, y = 0.00"
    move_to(browser, "map-coherent-benign", 0.99, 0.01).perform()
    assert tip(browser).endswith("x = 0.50, y = −0.50")
    ActionChains(browser).move_to_element(browser.find_element(By.TAG_NAME, "h1")).perform()
    assert not browser.find_element(By.CSS_SELECTOR, ".tip").is_displayed()


@pytest.mark.parametrize("name", ["map", "map-refused"])
def test_hovering_over_a_checkpoint_tells_what_it_is(show, page, name):
    browser = show(page)
    field(browser, name)
    mark = browser.find_element(By.CSS_SELECTOR, f"#{name} [data-mark='3']")
    ActionChains(browser).move_to_element(mark).perform()
    assert tip(browser).splitlines() == [
        "3 step-300",
        "distance 0.0480 of ‖W‖",
        "the map holds 74.0 % of its squared displacement",
        "itself refuses 43 % [35, 51]",
    ]


def test_every_checkpoint_is_marked_on_every_map(show, page):
    browser = show(page)
    for name in MAPS:
        marks = browser.find_elements(By.CSS_SELECTOR, f"#{name} .stop")
        assert [mark.text for mark in marks] == ["A", "B", "1", "2", "3", "4", "5"]
        assert browser.find_elements(By.CSS_SELECTOR, f"#{name} .way")
    names = browser.find_elements(By.CSS_SELECTOR, "#map .name")
    assert [name.text for name in names] == ["organism:chat", "organism:base", "tuned"]


def test_a_checkpoint_outside_the_window_is_drawn_at_its_border(show):
    found = plane(study="path", nx=5, ny=5)
    away = found.places[0].model_copy(update={"x": 9.0})
    browser = show(render(found.model_copy(update={"places": [away]})))
    (mark,) = browser.find_elements(By.CSS_SELECTOR, "#map .stop.outside circle")
    size = browser.find_element(By.CSS_SELECTOR, "#map .field").size
    assert float(mark.get_attribute("cx")) == pytest.approx(size["width"], abs=1)


def test_colours_are_those_of_the_shares(show):
    everywhere = [(0, 0)]
    browser = show(render(plane(nx=5, ny=5, missing=everywhere)))
    at_origin = browser.execute_script(PIXEL, "#map-refused .field canvas", 0.5, 0.5)
    assert at_origin[:3] == pytest.approx([0x2A, 0x7A, 0xB5], abs=8)
    far = browser.execute_script(PIXEL, "#map-refused .field canvas", 0.95, 0.05)
    assert far == [255, 255, 255, 255]
    unknown = browser.execute_script(PIXEL, "#map-refused .field canvas", 0.05, 0.95)
    assert unknown[3] == 0


def test_the_measure_can_be_switched(show):
    found = plane(nx=9, ny=9, measures=("accuracy", "perplexity"))
    browser = show(render(found))
    seen = set()
    for button in browser.find_elements(By.CSS_SELECTOR, "#measures button"):
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
        title = browser.find_element(By.CSS_SELECTOR, "#map .map-title").text
        assert title == button.text
        seen.add((tuple(browser.execute_script(DRAWN, "#basin")), title))
    assert len({drawn for drawn, _ in seen}) == len(seen) == 7
    scale = browser.find_element(By.CSS_SELECTOR, "#map .map-scale").text.split()
    assert scale == [f"{min(map(min, found.measures[1].value_YX)):.4g}",
                     f"{max(map(max, found.measures[1].value_YX)):.4g}"]  # fmt: skip


def test_the_basin_is_drawn_and_turns_by_mouse_and_keyboard(show, page):
    browser = show(page)
    basin = browser.find_element(By.ID, "basin")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", basin)
    share, first = browser.execute_script(DRAWN, "#basin")
    assert share > 0.12
    ActionChains(browser).click_and_hold(basin).move_by_offset(90, 30).release().perform()
    turned = browser.execute_script(DRAWN, "#basin")[1]
    ActionChains(browser).move_by_offset(-60, 0).perform()
    assert browser.execute_script(DRAWN, "#basin")[1] == turned != first
    basin.send_keys(Keys.ARROW_LEFT, Keys.ARROW_UP)
    again = browser.execute_script(DRAWN, "#basin")[1]
    assert again not in {turned, first}
    ActionChains(browser).double_click(basin).perform()
    assert browser.execute_script(DRAWN, "#basin")[1] == first


def test_the_line_is_half_of_the_answers(show):
    """The ellipse of the synthetic basin: half of the answers are refused at radius 0.31."""
    browser = show(render(plane(nx=41, ny=41)))
    path = browser.find_element(By.CSS_SELECTOR, "#map-refused .contour").get_attribute("d")
    size = browser.find_element(By.CSS_SELECTOR, "#map-refused .field").size
    width, height = size["width"], size["height"]
    points = [tuple(map(float, pair.split())) for pair in path.replace("M", "L").split("L")[1:]]
    assert len(points) > 60
    span = 1 + 1 / 40  # the cells at the ends reach half a step further than the points
    for left, top in points:
        x, y = (left / width - 0.5) * span, (0.5 - top / height) * span
        assert (x**2 + (y / 1.4) ** 2) ** 0.5 == pytest.approx(0.31, abs=0.008)


@pytest.mark.parametrize("width", [1280, 760, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"study": "path", "checkpoints": 8, "partial": True},
        {"nx": 1, "ny": 1},
        {"refuses": False, "nx": 3, "ny": 2},
        {"censored": 9, "measures": ("accuracy", "perplexity")},
    ],
)
def test_nothing_overlaps_or_sticks_out(show, width, theme, changes):
    found = plane(**changes)
    browser = show(render(found, examples(found, per_point=2)), width, theme)
    blocks = "h1, h2, h3, main p:not(.watermark):not(.map-y), li, td, th, label, figcaption span"
    assert [pair for pair in browser.execute_script(OVERLAPS, blocks)
            if "%" not in pair[1] or pair[1] not in pair[0]] == []  # fmt: skip
    for name in MAPS:
        words = f"#{name} .tick-text, #{name} .map-x, #{name} .map-y, #{name} .name, #{name} .stop"
        if not changes.get("checkpoints"):
            assert browser.execute_script(OVERLAPS, words) == []
        assert browser.find_element(By.CSS_SELECTOR, f"#{name} .map-x").text == found.x.label
        assert browser.execute_script(TALLER, name) <= 1
    assert browser.execute_script(BLURRED) == []
    assert not [text for text in browser.execute_script(TICKS) if text.startswith("-")]
    assert changes.keys() & {"nx", "study"} or any(
        text.startswith("−") for text in browser.execute_script(TICKS)
    )
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes_and_the_switch(show, page, theme):
    browser = show(page, theme=theme)
    nothing = "#map-refused .field canvas", 0.98, 0.02
    body = "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    for _ in range(3):
        here = browser.execute_script(PIXEL, *nothing)[:3]
        assert here == pytest.approx(browser.execute_script(body), abs=2)
        browser.find_element(By.ID, "theme").click()


def test_responses_are_hidden_until_asked_for(show, page):
    browser = show(page)
    assert "Take the first part" not in visible_text(browser)
    browser.find_element(By.ID, "reveal").click()
    assert "Take the first part" in visible_text(browser)


def test_where_the_page_carries_no_responses_the_nearest_are_shown(show):
    found = plane(nx=5, ny=5)
    said = Example("origin", "harmful", "", "asked", "refused", "refused", "", "said at the origin")
    browser = show(render(found, [said]))
    click(browser, "map-refused", 0.9, 0.9)
    browser.find_element(By.ID, "reveal").click()
    assert browser.find_element(By.CSS_SELECTOR, ".said").text == "said at the origin"
    note = browser.find_element(By.ID, "from").text
    assert note.endswith("These are from x = 0.00, y = 0.00.")
    Select(browser.find_element(By.ID, "at-x")).select_by_visible_text("0.00")
    Select(browser.find_element(By.ID, "at-y")).select_by_visible_text("0.00")
    assert browser.find_element(By.ID, "from").text == ""


def test_a_page_without_responses_says_so(show):
    browser = show(render(plane(nx=3, ny=3)))
    click(browser, "map", 0.5, 0.5)
    assert "This page was made without responses." in visible_text(browser)


def test_hostile_texts_do_nothing(show):
    found = plane(nx=7, ny=7, name=HOSTILE[5], axis_label=HOSTILE[6], notes=HOSTILE, study="path")
    renamed = [place.model_copy(update={"name": HOSTILE[0]}) for place in found.places]
    found = found.model_copy(update={"places": renamed})
    keys = [place.key for place in places(found)]
    hostile = [
        Example(point, "harmful", text, text, "complied", text, text, text)
        for point, text in zip(keys, HOSTILE, strict=False)
    ]
    browser = show(render(found, hostile))
    browser.find_element(By.ID, "reveal").click()
    read = ""
    for iy in range(7):
        Select(browser.find_element(By.ID, "at-y")).select_by_index(iy)
        for ix in range(7):
            Select(browser.find_element(By.ID, "at-x")).select_by_index(ix)
            read += browser.find_element(By.ID, "answers").text
    assert "<img src=x onerror=alert(1)>" in read
    move_to(browser, "map", 0.83, 0.17).perform()
    injected = "img, iframe, object, video, form, math, a, base, link, #answers script, .tip script"
    assert not browser.find_elements(By.CSS_SELECTOR, injected)


@pytest.mark.parametrize(("size", "seconds"), [(21, 2.0), (100, 4.0)])
def test_a_page_opens_at_once(show, size, seconds):
    found = plane(nx=size, ny=size, checkpoints=5)
    page = render(found, examples(found, per_point=12, text="many words " * 40))
    assert len(page.encode()) < 8_000_000
    start = time.monotonic()
    browser = show(page)
    taken = time.monotonic() - start
    assert taken < seconds
    assert browser.execute_script(DRAWN, "#basin")[0] > 0.05
