"""What a supervisor sees of a case in the Temporal Web UI, in a real browser over a local stack that seals payloads.

With REDRESS_TEST_SCREENSHOTS=FOLDER the pages are kept as pictures for the docs.
"""

import asyncio
import base64
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from selenium import webdriver
from selenium.common.exceptions import NoSuchFrameException, StaleElementReferenceException, TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait

from models.commands import COMMANDS
from models.complaint import Complaint
from starter.cases import Cases
from starter.cli.service import local_stack
from starter.settings import load_settings
from starter.stack import LocalStack
from tests.builders import GOODS_DEPT, PANEL, SERVICE, complaint_data, liable
from tests.e2e.conftest import OBSERVE

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
WIDTH, HEIGHT = 1700, 1500
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--lang=en",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    f"--window-size={WIDTH},{HEIGHT}",
)  # fmt: skip
PATIENCE = 30
PICTURES = os.environ.get("REDRESS_TEST_SCREENSHOTS")
_READ = "return document.body.innerText"
NUMBER, ORDER = "C-3001", "YL-3001"

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="Chromium is not installed (Debian packages: chromium, chromium-driver)"
)


class Page:
    """A browser at a Web UI."""

    def __init__(self, browser: WebDriver, address: str) -> None:
        self._browser, self._address = browser, address

    def open(self, path: str) -> None:
        self._browser.get(f"{self._address}/namespaces/default/{path}")

    def follow(self, link: str) -> None:
        self._wait(link)
        self._browser.find_element(By.PARTIAL_LINK_TEXT, link).click()

    def shows(self, *words: str, picture: str = "", height: int = HEIGHT) -> str:
        """The page's text once it holds all of these."""
        for word in words:
            self._wait(word)
        if PICTURES and picture:
            self._browser.set_window_size(WIDTH, height)
            self._browser.save_screenshot(str(Path(PICTURES) / f"{picture}.png"))
            self._browser.set_window_size(WIDTH, HEIGHT)
        return self._text()

    def _wait(self, word: str) -> None:
        try:
            WebDriverWait(self._browser, PATIENCE).until(lambda _: word in self._text())
        except TimeoutException:
            pytest.fail(f"{word!r} is not on the page: {self._text()[:3000]}")

    def _text(self) -> str:
        """The page and the frames in which it shows Markdown."""
        texts = [self._browser.execute_script(_READ)]
        for frame in self._browser.find_elements(By.TAG_NAME, "iframe"):
            try:
                self._browser.switch_to.frame(frame)
                texts.append(self._browser.execute_script(_READ))
            except (StaleElementReferenceException, NoSuchFrameException):
                continue  # the page has renewed it meanwhile
            finally:
                self._browser.switch_to.default_content()
        return "\n".join(map(str, texts))


@pytest.fixture
async def sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LocalStack]:
    """A stack of its own: Temporal stores nothing it can read, the codec server opens it for the page."""
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "none.toml"))
    ports = {"port": 0, "ui_port": 0, "http_port": 0, "smtp_port": 0}
    codec = {"keys": f"k1:{base64.b64encode(os.urandom(32)).decode()}", "port": 0}
    async with local_stack(load_settings(home=tmp_path / "home", local=ports, codec=codec, observe=OBSERVE)) as running:
        yield running


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[WebDriver]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'browser'}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    yield driver
    driver.quit()


async def disputed_case(stack: LocalStack) -> None:
    """A case before the panel: answered against the customer, who disputes it."""
    cases = Cases(stack.client, local=True)
    await cases.start(Complaint.model_validate(complaint_data(number=NUMBER, order={"number": ORDER})))
    await cases.start(Complaint.model_validate(complaint_data(number="C-3002", cause="lost")))
    await answered(
        stack,
        ("asked", "confirm", {"actor": GOODS_DEPT, "liable": liable(customer=100), "reason": "页面已注明色差"}),
        ("refused", "contest", {"actor": SERVICE, "by": "customer", "reason": "页面截图未见说明"}),
    )
    await reached(stack, "panel")


async def answered(stack: LocalStack, *messages: tuple[str, str, dict[str, object]]) -> None:
    """Each message once the case stands where it belongs."""
    cases = Cases(stack.client, local=True)
    for stage, name, fields in messages:
        await reached(stack, stage)
        await cases.send(NUMBER, name, COMMANDS[name].model_validate(fields))


async def reached(stack: LocalStack, stage: str) -> None:
    async with asyncio.timeout(20):
        while (await listed(stack)) != stage:
            await asyncio.sleep(0.1)


async def listed(stack: LocalStack) -> str:
    query = f"WorkflowId='complaint.{NUMBER}'"
    found = [one async for one in stack.client.list_workflows(query)]
    return str(found[0].search_attributes.get("RedressStage", [""])[0]) if found else ""


@pytest.mark.timeout(180)
async def test_a_supervisor_finds_a_case_by_whom_it_waits_for_and_reads_what_is_sealed(
    sealed: LocalStack, browser: WebDriver
) -> None:
    await disputed_case(sealed)
    stored = [one async for one in sealed.client.get_workflow_handle(f"complaint.{NUMBER}").fetch_history_events()]
    assert "水壶漏水".encode() not in b"".join(event.SerializeToString() for event in stored)
    page = Page(browser, sealed.ui_url)

    def look() -> None:
        page.open("workflows?query=" + quote('RedressWaitingFor="panel"'))
        listing = page.shows(f"complaint.{NUMBER}", "RedressWaitingFor", picture="list", height=640)
        assert "complaint.C-3002" not in listing
        page.follow(f"complaint.{NUMBER}")
        page.shows("升级督办", "视为客户接受拒绝", "contest", "confirm", '"text": "水壶漏水"')
        page.follow("User Metadata")
        page.shows(f"{ORDER}: 退款, 210.00 元", "监督小组", picture="details", height=840)
        page.follow("Search Attributes")
        page.shows("RedressStage", "panel", "RedressOrder", ORDER, "marketplace.1", picture="attributes", height=840)

    def look_back() -> None:
        page.open(f"workflows/complaint.{NUMBER}")
        page.shows("COMPLETED", "退款 210.00 元", "decide", "feedback", '"exit": "satisfied"', picture="case")

    await asyncio.to_thread(look)
    await answered(
        sealed,
        ("panel", "decide", {"actor": PANEL, "grant": True, "liable": liable(merchant=100), "reason": "页面未写色差"}),
        ("feedback", "feedback", {"actor": SERVICE, "satisfied": True}),
    )
    await sealed.client.get_workflow_handle(f"complaint.{NUMBER}").result()
    await asyncio.to_thread(look_back)
