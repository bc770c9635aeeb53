"""The page of the live view in a real browser."""

import math
import os
import re
import subprocess
import sys
import time

import pytest

pytest.importorskip("aiohttp")
pytest.importorskip("selenium")

from mme_ilqr_ros.errors import InputError
from studies.live.browser import LivePage, binaries, chromium, served

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # of the driver's own sockets
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

try:
    binaries()
except InputError as missing:
    pytest.skip(str(missing), allow_module_level=True)


@pytest.fixture(scope="module")
def chrome():
    with chromium() as browser:
        yield browser


@pytest.fixture
def opened(chrome):
    """Open a page of the live view with some arguments; no error may be in its console."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def opened(*arguments):
            return LivePage(chrome, stack.enter_context(served(*arguments)))

        yield opened
        errors = [entry for entry in chrome.get_log("browser") if entry["level"] == "SEVERE"]
        assert errors == []
        chrome.get("about:blank")


def arrives(page, seconds=90.0):
    page.wait(lambda: page.frame.get("status") == "GOAL_REACHED", seconds)


def test_plain_ilqr_stands_in_the_trap_and_one_switch_frees_it(opened, tmp_path):
    page = opened("trap", "--controller", "ilqr")
    page.wait(lambda: page.frame["time"] > 6.0)
    stands = page.frame
    assert stands["robot"][0] < 2.5
    assert abs(stands["robot"][3]) < 0.05
    page.press("controller-mme_ilqr")
    arrives(page)
    assert math.dist(page.frame["robot"][:2], (6.0, 0.0)) < 0.3
    assert not page.frame["collided"]


def test_a_click_sets_a_goal_that_is_reached(opened):
    page = opened("trap")
    page.click(0.5, 2.5)
    page.wait(lambda: math.dist(page.frame["goal"][:2], (0.5, 2.5)) < 0.02)
    arrives(page)
    assert math.dist(page.frame["robot"][:2], (0.5, 2.5)) < 0.3


def test_a_goal_in_an_obstacle_is_refused_in_one_line(opened):
    page = opened("trap", "--paused")
    goal = page.frame["goal"]
    page.click(2.9, 0.0)
    page.wait(lambda: "would stand in an obstacle" in page.said())
    assert page.frame["goal"] == goal


def test_a_circle_that_is_dropped_changes_the_way(opened):
    page = opened("trap", "--paused")
    for index in (2, 1, 0):
        page.js("live.send({do: 'remove_circle', index: arguments[0]})", index)
    page.wait(lambda: page.frame["free"] == 0)
    page.press("pause")  # go
    arrives(page)
    straight = max(abs(y) for _, y, _ in page.trail)
    assert straight < 0.05
    page.press("pause")
    page.wait(lambda: page.frame["paused"])
    page.press("reset")
    page.wait(lambda: page.frame["free"] == 3 and page.frame["time"] == 0.0)
    for index in (2, 1, 0):
        page.js("live.send({do: 'remove_circle', index: arguments[0]})", index)
    page.wait(lambda: page.frame["free"] == 0)
    page.drag((3.0, 2.0), (3.0, 0.05))
    page.wait(lambda: page.frame["free"] == 1)
    page.press("pause")
    arrives(page)
    assert max(abs(y) for _, y, _ in page.trail) > 0.3
    assert not page.frame["collided"]


def test_a_circle_that_is_thrown_flies_on(opened):
    page = opened("trap", "--paused")
    page.drag((4.0, 3.0), (4.0, 1.5), pause=0.0)
    page.wait(lambda: page.frame["free"] == 4)
    page.wait(lambda: page.frame["circles"][-1] < -300)
    page.press("pause")
    y = page.frame["circles"][-4]
    page.wait(lambda: page.frame["circles"][-4] < y - 300)


def test_arrow_keys_drive(opened):
    page = opened("trap", "--planner", "none")
    page.js("live.send({do: 'stop'})")
    page.wait(lambda: page.frame.get("status") == "NO_GOAL")
    yaw = page.frame["robot"][2]
    page.js("window.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowLeft'}))")
    page.wait(lambda: page.frame["robot"][2] > yaw + 0.5)
    page.js("window.dispatchEvent(new KeyboardEvent('keyup', {key: 'ArrowLeft'}))")
    page.wait(lambda: abs(page.frame["robot"][4]) < 0.05)


def test_running_nodes_are_on_the_same_page(chrome, ros_domain, tmp_path):
    pytest.importorskip("rclpy")
    command = [sys.executable, "-m", "mme_ilqr_ros", "sim", "--scenario", "forest", "--viewer"]
    environment = {**os.environ, "BROWSER": "true"}  # a command that does nothing, and well
    log = tmp_path / "log" / "viewer.log"
    run = subprocess.Popen([*command, "--out", str(tmp_path)], env=environment)
    try:
        deadline = time.monotonic() + 60.0
        while not (log.exists() and "http://" in log.read_text()):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        page = LivePage(chrome, re.search(r"http://\S+", log.read_text())[0])
        page.wait(lambda: bool(page.frame["modes"] and page.frame["circles"]))
        page.wait(lambda: page.frame["robot"][0] > 1.0)
        assert page.js("return live.view.plan.length") > 2
        assert page.js("return !!live.view.field && !!live.view.map")
        page.click(*page.frame["robot"][:2])  # a goal under the robot: it is there at once
        page.wait(lambda: page.frame["goal"] and page.frame["goal"][0] < 8.0)
    finally:
        chrome.get("about:blank")  # it would look for a server that has ended
        run.terminate()
        run.wait(timeout=30)
    assert [entry for entry in chrome.get_log("browser") if entry["level"] == "SEVERE"] == []


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080)], ids=lambda size: f"{size[0]}")
def test_nothing_is_cut_off(opened, chrome, size, tmp_path):
    metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    page = opened("forest", "--sensing", "lidar")
    page.wait(lambda: len(page.frame.get("hits", [])) > 100)
    cut = page.js(
        "return [...document.querySelectorAll('header *, aside *, figcaption, #legend *')]"
        ".filter(e => e.offsetParent && (e.scrollWidth > e.clientWidth + 1 && e.clientWidth"
        " || e.getBoundingClientRect().right > innerWidth + 1"
        " || e.getBoundingClientRect().bottom > innerHeight + 1))"
        ".map(e => `${e.tagName} ${e.id} ${e.textContent.slice(0, 40)}`)"
    )
    assert cut == []
