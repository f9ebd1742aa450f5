"""Pages in a real browser, Debian's Chromium, without a window: they load, step, and ask for nothing but themselves.

Skipped where there is no Chromium: `apt-get install chromium chromium-driver` brings it, and `pip install selenium`
what speaks to it. STACKPROOF_CHROMIUM and STACKPROOF_CHROMEDRIVER name others than those on the path.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stackproof.checker.cli import main
from stackproof.checker.render.html.page import write
from stackproof.checker.render.html.run import page_of
from stackproof.checker.render.story import sentence
from stackproof.checker.scenario import Scenario
from tests.environments import REPOSITORY
from tests.recorded.test_exports import LASSO, LONGEST, STALE, replayed, walk
from tests.recorded.test_pictures import HOSTILE
from tests.recorded.test_traces import Player, anything_may_happen

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed: pip install selenium")
CHROMIUM = os.environ.get("STACKPROOF_CHROMIUM") or shutil.which("chromium")
DRIVER = os.environ.get("STACKPROOF_CHROMEDRIVER") or shutil.which("chromedriver")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER), reason="no Chromium on this machine: apt-get install chromium chromium-driver"
    ),
]
WIDE, NARROW = (1600, 1000), (360, 740)


class Browser:
    """A browser without a window that keeps a record of what it asked for and complained of."""

    def __init__(self) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        service = webdriver.ChromeService(DRIVER)
        self.driver: Any = webdriver.Chrome(options=options, service=service)

    def load(self, file: Path, size: tuple[int, int] = WIDE, fragment: str = "", **media: str) -> None:
        """Open a file anew."""
        width, height = size
        self.driver.get("about:blank")
        self.driver.get_log("performance")
        device = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
        features = [{"name": name.replace("_", "-"), "value": value} for name, value in media.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        self.driver.get(file.as_uri() + fragment)

    def ask(self, script: str, *given: Any) -> Any:
        """What a script returns."""
        return self.driver.execute_script(script, *given)

    def press(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        for key in keys:
            webdriver.ActionChains(self.driver).send_keys(key).perform()

    def element(self, name: str) -> Any:
        """An element by its id."""
        return self.driver.find_element("id", name)

    @property
    def told(self) -> str:
        """What the live region says."""
        return str(self.element("told").text)

    @property
    def focus(self) -> str:
        """What has the focus, by its id, its link or its name."""
        return str(
            self.ask(
                "const e = document.activeElement; return e.id || e.getAttribute('href') || e.tagName.toLowerCase()"
            )
        )

    def requests(self) -> list[str]:
        """The addresses that were asked for since the last loading began."""
        entries = (json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance"))
        sent = (
            entry["params"]["request"]["url"] for entry in entries if entry["method"] == "Network.requestWillBeSent"
        )
        return [url for url in sent if url != "about:blank"]

    def is_content(self, file: Path) -> None:
        """Fail if the page complained, asked for anything but itself, or is wider than the window."""
        assert self.driver.get_log("browser") == []
        assert {url.partition("#")[0] for url in self.requests()} == {file.as_uri()}
        assert self.ask("return performance.getEntriesByType('resource').length") == 0
        assert self.ask("return document.documentElement.scrollWidth <= window.innerWidth")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all."""
    one = Browser()
    yield one
    one.driver.quit()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The page of a shipped trace."""
    folder = tmp_path_factory.mktemp("pages")

    def made(name: str) -> Path:
        file = folder / f"{name.replace('/', '-')}.html"
        write(page_of(replayed(name), f"stackproof replay {name} --html FILE"), file)
        return file

    return made


@pytest.mark.parametrize("size", [WIDE, (1024, 768), NARROW], ids=str)
@pytest.mark.parametrize("name", [LONGEST, LASSO, STALE])
def test_a_page_loads_in_any_width_and_asks_for_nothing(
    name: str, size: tuple[int, int], browser: Browser, page: Callable[[str], Path]
) -> None:
    file = page(name)
    browser.load(file, size)
    assert browser.ask("return document.readyState") == "complete"
    assert browser.told == "Step 0. every node starts"
    for _ in range(4):
        browser.press("\ue014")
    browser.is_content(file)


def test_the_keyboard_steps_and_the_live_region_tells(browser: Browser, page: Callable[[str], Path]) -> None:
    run = replayed(LONGEST).trace
    browser.load(page(LONGEST))
    last = len(run.steps) - 1
    right, left, home, end = "\ue014", "\ue012", "\ue011", "\ue010"
    wanted = [
        ((right,), 1),
        ((right, right), 3),
        ((left,), 2),
        ((end,), last),
        ((right,), last),
        ((left, left), last - 2),
        ((home,), 0),
    ]
    for keys, at in wanted:
        browser.press(*keys)
        assert browser.told.startswith(f"Step {at}. {sentence(run.steps[at].event).plain}")
        assert browser.element("slider").get_attribute("value") == str(at)
        assert browser.ask("return location.hash") == f"#step={at}"
        current = browser.ask("return [...document.querySelectorAll('[aria-current=step]')].map(e => e.hash)")
        assert current == [f"#step={at}"]
    browser.is_content(page(LONGEST))


def test_the_arrows_walk_through_the_story_with_the_focus(browser: Browser, page: Callable[[str], Path]) -> None:
    browser.load(page(STALE))
    browser.ask("document.querySelector('.story a').focus()")
    browser.press("\ue015", "\ue015")
    assert (browser.focus, browser.told[:7]) == ("#step=2", "Step 2.")
    browser.press("\ue013")
    assert browser.focus == "#step=1"
    assert browser.ask("return document.querySelectorAll('.story a[tabindex=\"0\"]').length") == 1


def test_tab_goes_through_the_controls_to_the_story_and_the_world(
    browser: Browser, page: Callable[[str], Path]
) -> None:
    browser.load(page(STALE))
    order = []
    for _ in range(7):
        browser.press("\ue004")
        order.append(browser.focus)
        assert browser.ask("return document.activeElement.matches(':focus-visible')")
    assert order == ["#step=0", "slider", "next", "last", "#step=0", "aside", "summary"]


def test_buttons_and_the_slider_step(browser: Browser, page: Callable[[str], Path]) -> None:
    browser.load(page(STALE))
    assert not browser.element("first").is_enabled()
    browser.element("last").click()
    assert browser.told.startswith("Step 8. ")
    assert not browser.element("next").is_enabled()
    browser.element("back").click()
    assert browser.told.startswith("Step 7. ")
    browser.element("slider").send_keys("\ue012")
    assert browser.told.startswith("Step 6. ")
    assert browser.element("slider").get_attribute("aria-valuetext") == "6 of 8"


def test_a_link_leads_to_its_step_and_a_row_that_is_clicked_is_stepped_to(
    browser: Browser, page: Callable[[str], Path]
) -> None:
    browser.load(page(LONGEST), fragment="#step=24")
    assert browser.told.startswith("Step 24. ")
    top, bottom, above, below = browser.ask(
        "const row = document.getElementById('step=24').getBoundingClientRect();"
        "const heads = document.querySelector('.heads').getBoundingClientRect();"
        "return [row.top, row.bottom, heads.bottom, innerHeight]"
    )
    assert above <= top < bottom <= below
    browser.ask("document.querySelector('a[href=\"#step=3\"]').click()")
    assert browser.told.startswith("Step 3. ")
    browser.ask("location.hash = '#step=9'")
    assert browser.ask(
        "return new Promise(done => setTimeout(() => done(document.getElementById('told').textContent), 100))"
    ).startswith("Step 9. ")
    browser.load(page(LONGEST), fragment="#step=999999")
    assert browser.told.startswith(f"Step {len(replayed(LONGEST).trace.steps) - 1}. ")


@pytest.mark.parametrize("name", [LONGEST, STALE])
def test_the_world_beside_the_story_is_that_of_each_step(
    name: str, browser: Browser, page: Callable[[str], Path]
) -> None:
    browser.load(page(name))
    for number, step in enumerate(replayed(name).trace.steps):
        names = browser.ask("return [...document.querySelectorAll('#world h2')].map(e => e.firstChild.textContent)")
        assert tuple(names[: len(step.world.names)]) == step.world.names
        flying = browser.ask("return [...document.querySelectorAll('#world li')].map(e => e.textContent)")
        assert len(flying) == len(step.world.in_flight)
        changed = browser.ask("return document.querySelectorAll('#world dd.changed').length")
        assert (changed == 0) or number
        ways = browser.ask("return document.querySelectorAll('.way.aloft').length")
        assert ways == len(step.world.in_flight)
        browser.press("\ue014")


def test_what_changed_is_marked_old_and_new(browser: Browser, page: Callable[[str], Path]) -> None:
    browser.load(page(STALE), fragment="#step=2")
    changed = browser.ask(
        "return [...document.querySelectorAll('#world dd.changed')]"
        ".map(e => [e.previousSibling.textContent, e.textContent])"
    )
    before, after = (step.world.nodes["r0"] for step in replayed(STALE).trace.steps[1:3])
    assert before != after
    assert [name for name, _ in changed] == ["copy"]
    (text,) = [text for _, text in changed]
    assert text.startswith("changed: ")
    assert "was " in text
    assert " now " in text


def test_every_kind_of_event_is_drawn_without_a_complaint(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "everything.html"
    run = walk(anything_may_happen(), 3, 30)
    write(page_of(run, "again"), file)
    browser.load(file, NARROW, prefers_color_scheme="dark", prefers_reduced_motion="reduce")
    for _ in run.trace.steps:
        browser.press("\ue014")
    browser.is_content(file)
    assert browser.ask("return getComputedStyle(document.documentElement).backgroundColor") == "rgb(20, 23, 27)"


def test_hostile_names_stay_text(browser: Browser, tmp_path: Path) -> None:
    scenario = Scenario(nodes=tuple(Player(one, HOSTILE[0]) for one in HOSTILE))
    file = tmp_path / "hostile.html"
    write(page_of(walk(scenario, 1, 10), HOSTILE[0]), file)
    browser.load(file)
    browser.press("\ue014", "\ue014")
    browser.is_content(file)
    assert browser.ask("return document.querySelectorAll('script').length") == 2
    assert browser.ask("return document.images.length") == 0
    assert HOSTILE[0] in browser.element("world").text


def test_without_a_script_the_diagram_and_the_story_are_there(browser: Browser, page: Callable[[str], Path]) -> None:
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.load(page(STALE))
        source = browser.driver.find_element("css selector", ".story")
        assert "c1 receives from r2: Found" in source.text or "receives from" in source.text
        assert browser.driver.find_element("css selector", "svg.strip").size["height"] > 200
        assert not browser.element("controls").is_displayed()
        assert "allow this page its script" in browser.element("world").text
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


COLOURS = """
const parse = text => text.match(/[\\d.]+/g).map(Number);
const linear = c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
const opaque = c => c.length < 4 || c[3] > 0.99;
const ground = e => {
  for (; e; e = e.parentElement) {
    const c = parse(getComputedStyle(e).backgroundColor);
    if (opaque(c)) return c;
  }
  return [255, 255, 255];
};
const says = e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
return [...document.querySelectorAll('body *')]
  .filter(e => says(e) && !e.closest('svg, script, [hidden], :disabled'))
  .map(e => [e.textContent.slice(0, 30), light(parse(getComputedStyle(e).color)), light(ground(e))])
  .filter(([, a, b]) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5);
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_against_its_ground(scheme: str, browser: Browser, page: Callable[[str], Path]) -> None:
    browser.load(page(LASSO), fragment="#step=9", prefers_color_scheme=scheme)
    assert browser.ask(COLOURS) == []


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=str)
def test_a_judged_history_loads_in_any_width_and_asks_for_nothing(
    size: tuple[int, int], browser: Browser, tmp_path: Path
) -> None:
    for name, status in (("stale-read.edn", 1), ("late-write.jsonl", 0)):
        file = tmp_path / f"{name}.html"
        history = str(REPOSITORY / "examples" / "histories" / name)
        assert main(["judge", history, "--model", "register", "--html", str(file)]) == status
        browser.load(file, size)
        browser.is_content(file)
        assert browser.ask(COLOURS) == []
