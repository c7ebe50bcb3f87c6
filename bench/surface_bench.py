"""A surface of 21 x 21 points with 40 + 40 prompts: how long it takes, and its page in a browser.

python bench/surface_bench.py [--run FOLDER]

Needs chromium and chromedriver for the page. With --run, the page of a run that is there already.
Times of pages are from asking for the file to the moment at which the page says that everything is
drawn: the first load in a fresh profile, then the median of five more.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

import safebasin as sb

READY = "return document.documentElement.dataset.ready"
AGAIN = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path)
    asked = parser.parse_args()
    with TemporaryDirectory() as temporary:
        folder = asked.run or Path(temporary) / "run"
        rows = []
        if asked.run is None:
            started = time.perf_counter()
            sb.surface(limit=40, out=folder)
            rows.append(("surface", f"{time.perf_counter() - started:.0f} s"))
        page = Path(temporary) / "page.html"
        found = sb.open_run(folder)
        rows.append(("points", f"{found.summary.status.points_done:,}"))
        rows.append(("responses", f"{found.summary.status.responses:,}"))
        found.report(page)
        rows.append(("page", f"{page.stat().st_size / 2**20:.1f} MiB"))
        if shutil.which("chromium") and shutil.which("chromedriver"):
            first, *later = loads(page, Path(temporary) / "profile")
            rows.append(("first load", f"{first:.2f} s"))
            rows.append(("later loads", f"{statistics.median(later):.2f} s"))
        else:
            rows.append(("loads", "unmeasured: there is no chromium with chromedriver"))
    print("| what | measured |\n| :-- | --: |")
    for name, value in rows:
        print(f"| {name} | {value} |")


def loads(page: Path, profile: Path) -> list[float]:
    """Seconds of one load after the other, in a browser of their own."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}"):
        options.add_argument(flag)
    browser = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        return [_load(browser, page) for _ in range(1 + AGAIN)]
    finally:
        browser.quit()


def _load(browser: webdriver.Chrome, page: Path) -> float:
    started = time.perf_counter()
    browser.get(page.as_uri())
    WebDriverWait(browser, 30, 0.01).until(lambda driver: driver.execute_script(READY))
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
