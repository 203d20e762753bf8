"""The page in a real browser: Chromium, headless, driven by Playwright."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.course.page.conftest import served

OPTIONS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update"),
    "--disable-sync",
]
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.skipif(
        not CHROMIUM, reason="install Debian's package chromium"
    ),
    pytest.mark.usefixtures("inside"),
]
SECONDS = 60_000  # milliseconds that a step may take on a busy machine
EVIL = """<!doctype html><title>evil</title><iframe src="{0}/stage/5"></iframe>
<script>
const ask = (path, more) => fetch("{0}" + path, {{mode: "no-cors", ...more}});
Promise.allSettled([
  ask("/stages/05/run-task/evil", {{method: "POST"}}),
  ask("/stage/5/experiment/fail", {{method: "POST"}}),
  fetch("{0}/mailbox"),
]).then((done) => document.title = done[2].status);
</script>"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium once."""
    expect.set_options(timeout=SECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=OPTIONS
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Give an empty tab, which must report no error of the script."""
    with browser.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(SECONDS)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
        page.close()
    assert not errors


def test_one_click_shows_what_happened(page: Page, address: str) -> None:
    """Send: the response, the picture and the line in the file appear."""
    page.goto(f"{address}/stage/1")
    page.get_by_label("email").fill("grace@example.com")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#answer")).to_contain_text("200 OK")
    expect(page.locator("#picture svg:visible")).to_contain_text(
        "write_notification"
    )
    expect(page.locator("#left")).to_contain_text("grace@example.com")
    expect(page.locator("#code tr.lit").first).to_contain_text(
        "def write_notification"
    )
    assert page.url.endswith("/stage/1")  # it was not loaded anew


def test_no_code_scrolls_inside_itself(page: Page, address: str) -> None:
    """The page alone scrolls up and down."""
    for path in ("/stage/1", "/stage/2", "/stage/5", "/code/5"):
        page.goto(f"{address}{path}")
        inner = page.evaluate(INNER)
        assert inner == [], path


INNER = """() => [...document.querySelectorAll("main *")].filter((one) =>
  one.tagName !== "TEXTAREA" && one.clientHeight > 100
  && one.scrollHeight > one.clientHeight + 1
  && getComputedStyle(one).overflowY !== "visible"
).map((one) => one.outerHTML.slice(0, 80))"""
WATCH = """() => {
  window.steps = [];
  const step = document.getElementById("step");
  new MutationObserver(() => window.steps.push(
    [step.textContent, document.getElementById("excerpt").innerText])
  ).observe(step, {childList: true});
}"""


def test_replay_goes_through_the_code(page: Page, address: str) -> None:
    """It says each moment beside the function that it is about.

    The picture stays where it is: nothing is scrolled.
    """
    page.goto(f"{address}/stage/1")
    page.get_by_label("email").fill("hedy@example.com")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#left")).to_contain_text("hedy@example.com")
    page.evaluate(WATCH)
    button = page.get_by_role("button", name="Replay slowly")
    button.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    button.click()
    last = "5 of 5: write_notification ended"
    expect(page.locator("#step")).to_have_text(last)
    steps = dict(page.evaluate("window.steps"))
    assert [step.partition(": ")[2] for step in steps] == [
        "send_notification began",
        "send_notification ended",
        "response sent",
        "write_notification began",
        "write_notification ended",
    ]
    assert "def write_notification" in steps[last]
    assert page.evaluate("scrollY") == before


def test_invalid_input_is_welcome(page: Page, address: str) -> None:
    """The browser does not stop it: the learner sees the 422."""
    page.goto(f"{address}/stage/2")
    page.get_by_label("email").fill("nobody")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#answer")).to_contain_text("no task ran")


def test_a_refused_request_is_drawn_itself(page: Page, address: str) -> None:
    """No picture of an earlier task stands below a 422."""
    page.goto(f"{address}/stage/3")
    page.get_by_role("button", name="Send", exact=True).click()
    picture = page.locator("#picture svg:visible")
    expect(picture).to_contain_text("write_notification")
    page.get_by_label("email").fill("nobody")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(picture).to_contain_text("POST /send-notification/nobody")
    expect(picture).to_contain_text("response 422 sent")


def test_an_exercise_is_marked_when_it_is_done(
    page: Page, address: str, folder: Path
) -> None:
    """The open page says so, without being loaded anew."""
    page.goto(f"{address}/exercise/2")
    done = page.locator("[data-exercise]")
    expect(done).not_to_have_class("done")
    entry = {"points": 5, "max_points": 5, "passed": "2026-11-25"}
    progress = {"format": 1, "exercises": {"ex02_task_dependency": entry}}
    (folder / "progress.json").write_text(json.dumps(progress))
    expect(done).to_have_class("done")
    expect(done).to_have_text("done")


def test_a_failing_task_is_seen(page: Page, address: str) -> None:
    """The client has its 200, and the row says why the task failed."""
    page.goto(f"{address}/stage/5")
    page.get_by_role("button", name="Fail the task").click()
    expect(page.locator("#answer")).to_contain_text("200 OK")
    expect(page.locator("#left")).to_contain_text("always crashes")


def test_a_killed_process_is_seen(page: Page, address: str) -> None:
    """One click: tasks are accepted, killed, and counted."""
    page.goto(f"{address}/stage/5")
    page.get_by_role("button", name="Kill the process").click()
    expect(page.locator("#answer")).to_contain_text("will never run")


def test_two_ways_are_compared(page: Page, address: str) -> None:
    """A question's wrong and right way are drawn one below the other."""
    page.goto(f"{address}/question/2")
    page.get_by_role("button", name="Run both").click()
    expect(page.locator("figure svg:visible")).to_have_count(2)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_serious_stands_in_anyone_s_way(
    browser: Browser, address: str, theme: str, width: int
) -> None:
    """axe-core finds nothing serious, and no page is wider than the screen."""
    with browser.new_context(
        color_scheme="dark" if theme == "dark" else "light",
        viewport={"width": width, "height": 800},
    ) as context:
        page = context.new_page()
        page.set_default_timeout(SECONDS)
        for path in (
            *("/", "/stage/1", "/stage/5", "/stage/7", "/exercise/1"),
            *("/new/2", "/notebook/01_background_tasks", "/mailbox"),
            *("/questions", "/question/2", "/code/5", "/exercise/13"),
            *("/file/docs/choosing.md", "/stage/99"),
        ):
            page.goto(address + path)
            found = Axe().run(page).response["violations"]
            serious = [
                (one["id"], [node["html"] for node in one["nodes"]][:2])
                for one in found
                if one["impact"] in {"serious", "critical"}
            ]
            assert not serious, path
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, path
        page.close()


def test_another_site_drives_nothing(page: Page, address: str) -> None:
    """Its requests run no task, read nothing, and its frame stays empty."""
    evil = FastAPI()

    @evil.get("/")
    def attack() -> HTMLResponse:
        return HTMLResponse(EVIL.format(address))

    with served(evil) as elsewhere:
        page.goto(elsewhere)
        page.wait_for_function("document.title != 'evil'")
        assert page.title() == "rejected"
        (frame,) = page.main_frame.child_frames
        assert not frame.get_by_role("heading").count()
    page.goto(f"{address}/stage/5")
    assert "evil" not in page.locator("#left").inner_text()
