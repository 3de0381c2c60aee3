"""Takes pictures of a running console: `pictures.py ADDRESS KEY FOLDER [PATH ...]`.

The README's are made with it. Each page is taken at laptop and at phone width, in the light
and in the dark.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from playwright.sync_api import sync_playwright

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
WIDTHS = {"laptop": 1280, "phone": 390}


def take(address: str, key: str, folder: Path, paths: Iterable[str]) -> list[Path]:
    """One PNG for each path below `/console`, width and scheme, named after them."""
    taken: list[Path] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        for size, width in WIDTHS.items():
            for scheme in ("light", "dark"):
                context = browser.new_context(
                    viewport={"width": width, "height": 800},
                    color_scheme="dark" if scheme == "dark" else "light",
                )
                page = context.new_page()
                page.goto(f"{address}/console/login")
                page.fill("#key", key)
                page.press("#key", "Enter")
                page.wait_for_url("**/console/")
                for path in paths:
                    page.goto(f"{address}/console{path}")
                    page.wait_for_selector("main h1, main h2")
                    page.wait_for_timeout(1000)  # charts draw themselves once they are laid out
                    name = path.strip("/").replace("/", "-").partition("?")[0] or "overview"
                    taken.append(folder / f"{name}-{size}-{scheme}.png")
                    page.screenshot(path=taken[-1], full_page=True)
                context.close()
        browser.close()
    return taken


if __name__ == "__main__":
    address, key, folder, *paths = sys.argv[1:]
    take(address, key, Path(folder), paths or ["/", "/bets", "/people", "/content", "/events"])
