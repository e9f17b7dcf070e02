"""Photograph a running page: `python assets/screenshots/take.py http://127.0.0.1:7860 [seconds] [folder]`.

Wide and phone, light and dark, after a take with the settings as they come. Needs playwright and chromium.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

SHOTS = {
    "wide-light": ({"width": 1280, "height": 900}, "light"),
    "wide-dark": ({"width": 1280, "height": 900}, "dark"),
    "phone-light": ({"width": 390, "height": 844}, "light"),
    "phone-dark": ({"width": 390, "height": 844}, "dark"),
}


def main(address: str, seconds: str = "10", folder: str = str(Path(__file__).parent)) -> None:
    """Take all four pictures."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, (viewport, colours) in SHOTS.items():
            page = browser.new_page(viewport=viewport, color_scheme=colours)
            page.set_default_timeout(300_000)
            page.goto(address)
            page.fill("#duration input[type=number]", seconds)
            page.fill("#seed textarea, #seed input", "7")
            page.click("#generate")
            page.wait_for_selector("#spectrum svg")
            page.wait_for_selector("#live[data-state=ended]", state="attached")
            page.mouse.move(0, 0)
            page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
            page.close()
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
