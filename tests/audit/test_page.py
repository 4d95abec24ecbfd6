"""The page in a real browser: what a reviewer can do with it, and what nobody can do to it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from bgmode.audit import render
from bgmode.audit.inventory import Inventory
from tests.audit.browser import launched
from tests.audit.samples import nasty, varied


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


class Visit:
    """Opens pages, and keeps what they asked for and complained of."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self.browser = browser
        self.folder = folder
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.pages: list[Page] = []

    def __call__(self, inventory: Inventory, width: int = 1280, **more: Any) -> Page:
        file = self.folder / "audit.html"
        file.write_text(render(inventory, "html"), encoding="utf-8")
        page = self.browser.new_page(viewport={"width": width, "height": 900}, **more)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        page.goto(file.as_uri())
        self.pages.append(page)
        return page


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Iterator[Visit]:
    """Every page is silent and asks for nothing but itself."""
    visit = Visit(browser, tmp_path)
    yield visit
    assert visit.complaints == []
    own = {(tmp_path / "audit.html").as_uri(), "data:,"}
    assert {url.partition("#")[0] for url in visit.requests} <= own
    for page in visit.pages:
        page.close()


ROWS = "#table tbody tr:not(.filtered)"


def column(page: Page, label: str) -> list[str]:
    found: list[str] = page.eval_on_selector_all(
        f'{ROWS} td[data-label="{label}"]', "cells => cells.map(cell => cell.dataset.sort)"
    )
    return found


def test_it_sorts_by_every_column(visit: Visit) -> None:
    page = visit(varied())
    names = page.locator("#table thead button").all_inner_texts()
    assert len(names) == 10
    for name in names:
        head = page.locator("#table th", has=page.get_by_role("button", name=name, exact=True))
        wanted = "descending" if head.get_attribute("aria-sort") else "ascending"
        for direction in (wanted, "descending" if wanted == "ascending" else "ascending"):
            head.get_by_role("button").click()
            assert head.get_attribute("aria-sort") == direction
            assert page.locator("#table th[aria-sort]").count() == 1
            values = column(page, name)
            assert len(values) == 12
            by = (lambda value: int(value)) if name in ("State", "Open", "Where") else str.lower
            filled = [value for value in values if value]
            assert filled == sorted(filled, key=by, reverse=direction == "descending")
            empty = values[len(filled) :] if direction == "ascending" else values[: -len(filled)]
            assert set(empty) <= {""}


def test_it_filters_by_text_and_by_choice(visit: Visit) -> None:
    page = visit(varied())
    count = page.get_by_role("status")
    assert count.inner_text() == "12 calls"
    for name in ("State", "Kind of job", "Class of data", "May it run?"):
        assert page.get_by_role("combobox", name=name).count() == 1
    assert count.get_attribute("aria-live") == "polite"
    page.get_by_label("Find text").fill("BGM204")
    assert count.inner_text() == "2 of 12 calls"
    assert page.locator("article.call:visible").count() == 2
    page.get_by_label("Find text").fill("")
    for name, choice, left in (
        ("state", "open", 5),
        ("job", "internal-draft", 3),
        ("class", "confidential", 2),
        ("decision", "denied", 1),
    ):
        page.locator(f"select[data-filter={name}]").select_option(choice)
        assert count.inner_text() == f"{left} of 12 calls"
        assert page.locator(ROWS).count() == left
        page.get_by_role("button", name="Show all").click()
        expect(count).to_have_text("12 calls")
    page.get_by_label("Find text").fill("no such thing")
    assert "None of 12 calls fits" in count.inner_text()


def test_the_keyboard_is_enough(visit: Visit) -> None:
    page = visit(varied())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the calls"
    focused = "document.activeElement.tagName + ':' + document.activeElement.textContent.trim()"
    seen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(focused))
        ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert ring != "none", seen[-1]
        if seen[-1] == "BUTTON:Kind of job":
            page.keyboard.press("Enter")
            assert column(page, "Kind of job")[0].startswith("customer")
        if seen[-1].startswith("A:"):
            break
    assert "BUTTON:State" in seen
    assert any(each.startswith("SELECT") for each in seen)
    page.keyboard.press("Enter")
    expect(page.locator("summary:focus")).to_have_count(1)
    box = page.locator("article:has(summary:focus) details")
    assert box.get_attribute("open") is not None
    page.keyboard.press("Enter")
    assert box.get_attribute("open") is None


CONTRAST = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
  const paper = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const found = parse(getComputedStyle(at).backgroundColor);
      if (found.length === 3 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  };
  const bad = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let count = 0;
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    if (["SCRIPT", "TITLE", "title"].includes(element.tagName)) continue;
    count += 1;
    const style = getComputedStyle(element);
    const svg = element instanceof SVGElement;
    const ink = light(parse(svg ? style.fill : style.color));
    const box = svg && element.closest("svg").querySelector(".box.wrong");
    const papers = [paper(element)];
    if (svg && document.querySelector(".box"))
      papers.push(parse(getComputedStyle(document.querySelector(".box")).fill));
    if (box) papers.push(parse(getComputedStyle(box).fill));
    for (const each of papers) {
      const under = light(each);
      const ratio = (Math.max(ink, under) + 0.05) / (Math.min(ink, under) + 0.05);
      if (ratio < 4.5) bad.push(`${ratio.toFixed(2)} ${element.tagName} ${element.className}`);
    }
  }
  return [count, bad];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_contrast_is_good(visit: Visit, scheme: str) -> None:
    page = visit(varied(), color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 26)"
    assert dark is (scheme == "dark")
    count, bad = page.evaluate(CONTRAST)
    assert count > 500
    assert bad == []


def test_the_print_shows_everything_and_no_controls(visit: Visit) -> None:
    page = visit(varied(), color_scheme="dark")
    assert page.locator("article details[open]").count() == 0
    assert not page.get_by_role("heading", name="Sign-off").is_visible()
    page.get_by_label("Find text").fill("no such thing")
    page.emulate_media(media="print")
    expect(page.locator("details:not([open])")).to_have_count(0)
    assert page.locator("article .checklist:visible").count() == 12
    assert page.locator("#table tbody tr:visible").count() == 12
    assert not page.locator("#filters").is_visible()
    assert not page.locator("#open-all").is_visible()
    assert page.get_by_role("heading", name="Sign-off").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.emulate_media(media="screen")
    expect(page.locator("article details[open]")).to_have_count(0)


@pytest.mark.parametrize("which", [varied, nasty])
@pytest.mark.parametrize("width", [390, 820, 1280])
def test_no_window_makes_the_page_scroll_sideways(visit: Visit, which: Any, width: int) -> None:
    page = visit(which(), width)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_what_the_code_says_never_runs(visit: Visit) -> None:
    page = visit(nasty())
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.title() == "Background jobs: what runs, and who said so"
    assert page.locator("script").count() == 1
    assert page.locator("img, iframe, object, [onload], [onerror]").count() == 0
    assert page.locator("article.call").count() == len(nasty().calls)
    for value in page.eval_on_selector_all(
        "select[data-filter=job] option", "all => all.map(each => each.value)"
    ):
        page.locator("select[data-filter=job]").select_option(value)
        assert page.locator(ROWS).count() >= 1


def test_the_policy_of_the_page_stops_other_scripts(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    text = render(varied(), "html")
    bad = "<script>document.title='owned'</script><b onclick=\"document.title='owned'\">x</b>"
    file = tmp_path / "injected.html"
    file.write_text(text.replace("</body>", f"{bad}</body>"), encoding="utf-8")
    page.goto(file.as_uri())
    page.evaluate("document.querySelector('b[onclick]').click()")
    assert page.title() == "Background jobs: what runs, and who said so"
    page.close()


def test_without_its_script_the_page_is_all_there(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page(java_script_enabled=False)
    file = tmp_path / "audit.html"
    file.write_text(render(varied(), "html"), encoding="utf-8")
    page.goto(file.as_uri())
    assert page.locator("article .checklist:visible").count() == 12
    assert not page.locator("#filters").is_visible()
    page.close()


def test_no_call_at_all(visit: Visit) -> None:
    page = visit(dataclasses.replace(varied(), calls=(), other=(), expiries=(), waivers=()))
    assert page.get_by_role("heading", name="All quiet").is_visible()
    assert page.locator("table").count() == 0


def test_a_link_opens_its_call(visit: Visit) -> None:
    page = visit(varied())
    page.locator("#table a", has_text="legal-review").first.click()
    expect(page.locator("summary:focus")).to_have_count(1)
    assert page.locator("article details[open]").count() == 1


def test_two_hundred_calls_stay_usable(visit: Visit) -> None:
    some = varied()
    page = visit(dataclasses.replace(some, calls=some.calls * 17))
    page.get_by_label("Find text").fill("BGM301")
    assert page.get_by_role("status").inner_text() == "17 of 204 calls"
