"""The page in a real browser, from a disk and without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.profiles.page import MOST_BOXES, Graph, amount, page
from cctelegram.profiles.stacks import Frame, Stack, top, tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page, Request

HOSTILE = "<script>document.title='owned'</script>\u202e\"'><img src=x onerror=alert(1)>"
FACTS: dict[str, Any] = {"kind": "cpu", "by": "py-spy", "note": HOSTILE, "seconds": 2.0, "cpu_seconds": 1.25}
STACKS = [
    Stack([Frame("MainThread"), Frame("main", "cctelegram/a.py", 1), Frame("left", "b.py", 2)], 60),
    Stack([Frame("MainThread"), Frame("main", "cctelegram/a.py", 1), Frame(HOSTILE, HOSTILE, 3)], 39),
    Stack([Frame("other")], 1),
]


def made(stacks: list[Stack], unit: str = "samples") -> str:
    return page(FACTS, [Graph(f"Title {HOSTILE}", unit, tree(stacks), top(stacks, 20))], f"Lines {HOSTILE}")


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Callable[[str], Page]]:
    """Open a page from a file without a network; fail on any error of its script and any request."""
    context = browser.new_context(offline=True)
    shown = context.new_page()
    errors: list[str] = []
    shown.on("pageerror", lambda error: errors.append(str(error)))
    shown.on("console", lambda said: errors.append(said.text))
    file = tmp_path / "profile.html"
    address = file.as_uri()

    def asked(request: Request) -> None:
        if request.url != address:
            errors.append(request.url)

    shown.on("request", asked)

    def goto(content: str) -> Page:
        file.write_text(content, encoding="utf-8")
        shown.goto(address)
        return shown

    yield goto
    context.close()
    assert errors == []


def width(page: Page, name: str) -> float:
    box = page.locator("svg.box", has=page.locator("title", has_text=name)).first.bounding_box()
    return 0.0 if box is None else box["width"]


@pytest.mark.browser
def test_the_rows_show_the_stacks_and_a_click_enlarges_one(opened: Callable[[str], Page]) -> None:
    page = opened(made(STACKS))
    assert page.locator("svg.box").count() == 6
    whole = width(page, "all")
    assert width(page, "left") == pytest.approx(whole * 0.60, rel=0.01)
    page.locator("svg.box", has=page.locator("title", has_text="left (b.py)")).click()
    assert width(page, "left") == pytest.approx(whole, rel=0.01)
    assert page.locator("svg.box", has=page.locator("title", has_text="other")).is_hidden()
    page.keyboard.press("Escape")
    assert width(page, "left") == pytest.approx(whole * 0.60, rel=0.01)
    page.locator("svg.box", has=page.locator("title", has_text="left (b.py)")).focus()
    page.keyboard.press("Enter")
    assert width(page, "left") == pytest.approx(whole, rel=0.01)
    page.get_by_role("searchbox").fill("LEFT")
    assert page.locator("svg.found").count() == 1


@pytest.mark.browser
def test_names_are_text_whatever_they_contain(opened: Callable[[str], Page]) -> None:
    page = opened(made(STACKS))
    assert page.title() == "CPU profile of the CCTelegram bridge"
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 1
    assert "<script>document.title='owned'</script>\N{REPLACEMENT CHARACTER}" in page.inner_text("pre")
    assert "\u202e" not in page.content()


def test_the_page_holds_no_address_and_no_handler_of_events_in_its_markup() -> None:
    content = made([Stack([Frame("a", "a.py", 1)], 1)]).replace(HOSTILE, "")
    for word in ("http:", "https:", "//cdn", "url(", "@import"):
        assert word not in content
    assert "default-src &#x27;none&#x27;" in content


def test_a_profile_without_samples_says_so() -> None:
    assert "No function ran at any sample." in made([])
    assert "Nothing was allocated." in made([], "bytes")


def test_the_size_of_a_page_is_bounded() -> None:
    many = [Stack([Frame(f"f{number}", "x" * 100, 1)], 1) for number in range(3 * MOST_BOXES)]
    content = made(many)
    assert content.count('class="box') == MOST_BOXES
    assert f"{2 * MOST_BOXES + 1} smaller functions are not drawn." in content
    assert len(content) < 3_000_000


def test_amounts_have_their_unit() -> None:
    assert [amount(1, "samples"), amount(2, "samples")] == ["1 sample", "2 samples"]
    assert [amount(each, "bytes") for each in (999, 1000, 2_500_000)] == ["999 B", "1.0 kB", "2.5 MB"]
