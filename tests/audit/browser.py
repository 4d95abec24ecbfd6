"""A headless browser for the tests of the page.

It is the Chromium that Playwright has fetched, or one that is installed on the machine, or the
one that the variable ``BGMODE_TEST_BROWSER`` names.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

_NAMES = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    *("microsoft-edge", "brave-browser"),
)
_APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
_ARGUMENTS = (
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
)
_MISSING = (
    "no browser for the tests of the audit page: install Chromium (apt-get install chromium, or "
    "playwright install chromium), or name one in BGMODE_TEST_BROWSER"
)


def executable(playwright: Playwright) -> str | None:
    """Where a browser is."""
    wanted = os.environ.get("BGMODE_TEST_BROWSER")
    own = playwright.chromium.executable_path
    installed = (shutil.which(name) for name in _NAMES)
    candidates = [wanted] if wanted else [own, *installed, *_APPLICATIONS]
    return next((each for each in candidates if each and Path(each).exists()), None)


@contextmanager
def launched() -> Iterator[Browser]:
    """The browser. Where there is none, tests fail in CI and are skipped elsewhere."""
    with sync_playwright() as playwright:
        found = executable(playwright)
        if found is None:
            if os.environ.get("CI") or os.environ.get("BGMODE_TEST_BROWSER"):
                pytest.fail(_MISSING)
            pytest.skip(_MISSING)
        # A root user, as in most containers, cannot have Chromium's own sandbox.
        root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=found, args=[*_ARGUMENTS, *root])
        yield browser
        browser.close()
