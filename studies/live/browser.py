"""The live view, served by its own command, in a headless Chromium."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains

from mme_ilqr_ros.errors import InputError

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--hide-scrollbars", "--force-device-scale-factor=1", "--disable-dev-shm-usage"),
)
SIZE = (1280, 800)  # [px]
PATIENCE = 60.0  # [s] of wall time for anything to happen


def binaries() -> tuple[str, str]:
    """Return the paths of Chromium and its driver.

    Raises:
        InputError: One of them is not installed.
    """
    found = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if found[0] is None or found[1] is None:
        raise InputError("chromium or its driver is missing: apt install chromium chromium-driver")
    return found[0], found[1]


@contextlib.contextmanager
def chromium(size: tuple[int, int] = SIZE) -> Iterator[webdriver.Chrome]:
    """Start a browser with a profile of its own, and end it."""
    browser, driver = binaries()
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}", f"--window-size={size[0]},{size[1]}"):
            options.add_argument(flag)
        chrome = webdriver.Chrome(options, webdriver.ChromeService(driver))
        try:
            metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
            chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
            yield chrome
        finally:
            chrome.quit()


@contextlib.contextmanager
def served(*arguments: str) -> Iterator[str]:
    """Run `mme-ilqr live` with some arguments and without a browser; yield the page's address."""
    command = [sys.executable, "-m", "mme_ilqr_ros", "live", *arguments, "--no-browser"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        if not url:
            raise InputError(f"{' '.join(command)}: ended without an address")
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


class LivePage:
    """A page that is open in a browser; places are in m in the map's frame.

    Attributes:
        chrome: The browser.
    """

    def __init__(self, chrome: webdriver.Chrome, url: str) -> None:
        """Open the page and wait for its first frame."""
        self.chrome = chrome
        chrome.get(url)
        self.wait(lambda: self.js("return !!(window.live && live.view.frame && live.view.scale)"))

    def js(self, script: str, *arguments: Any) -> Any:
        """Return what a script returns."""
        return self.chrome.execute_script(script, *arguments)

    @property
    def frame(self) -> dict[str, Any]:
        """The newest frame."""
        found: dict[str, Any] = self.js("return live.view.frame")
        return found

    @property
    def trail(self) -> list[list[float]]:
        """Where the robot was [N, 3]: x, y in m and the speed."""
        found: list[list[float]] = self.js("return live.view.trail")
        return found

    def said(self) -> str:
        """Return the line that the page shows over the world; empty where it shows none."""
        text: str = self.js(
            "const s = document.getElementById('said');return s.hidden ? '' : s.textContent"
        )
        return text

    def wait(self, until: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Wait until something is so.

        Raises:
            TimeoutError: It was not within that time.
        """
        end = time.monotonic() + seconds
        while not until():
            if time.monotonic() > end:
                raise TimeoutError(f"not within {seconds:g} s")
            time.sleep(0.1)

    def press(self, identifier: str) -> None:
        """Click on a button by its id."""
        self.js("document.getElementById(arguments[0]).click()", identifier)

    def pixel(self, x: float, y: float) -> tuple[int, int]:
        """Return where a place is in the window [px]."""
        found = self.js(
            "const b = live.view.canvas.getBoundingClientRect();"
            "const p = live.view.toCanvas(arguments[0], arguments[1]);"
            "return [p[0] + b.left, p[1] + b.top]",
            *(x, y),
        )
        return round(found[0]), round(found[1])

    def click(self, x: float, y: float) -> None:
        """Click on a place."""
        chain = ActionChains(self.chrome, duration=20)
        mouse = chain.w3c_actions.pointer_action
        mouse.move_to_location(*self.pixel(x, y))
        mouse.click()
        chain.w3c_actions.perform()

    def drag(
        self, start: tuple[float, float], end: tuple[float, float], pause: float = 0.3
    ) -> None:
        """Drag from one place to another, and let go there after a pause [s]; 0 throws."""
        chain = ActionChains(self.chrome, duration=20)
        mouse = chain.w3c_actions.pointer_action
        mouse.move_to_location(*self.pixel(*start))
        mouse.pointer_down()
        for share in (0.25, 0.5, 0.75, 1.0):
            place = [a + share * (b - a) for a, b in zip(start, end, strict=True)]
            mouse.move_to_location(*self.pixel(place[0], place[1]))
        if pause:
            mouse.pause(pause)
        mouse.pointer_up()
        chain.w3c_actions.perform()

    def steps(self, count: int) -> None:
        """Run some control cycles of a paused session."""
        now = self.frame["time"]
        for _ in range(count):
            self.press("step")
        period = self.js("return live.view.world.period")
        self.wait(lambda: self.frame["time"] > now + (count - 0.5) * period)

    def shot(self, path: Path) -> Path:
        """Write what the window shows as PNG."""
        self.chrome.save_screenshot(str(path))
        return path
