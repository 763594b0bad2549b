"""The chat page in a real browser: what a person sees and does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.sandbox.child import UNLIMITED, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request

    from sandbox.conftest import Bot

pytestmark = pytest.mark.browser

BUTTONS = {
    "inline_keyboard": [[{"text": "Approve", "callback_data": "a"}, {"text": "Deny", "callback_data": "d"}]]
}
TRACE = "\n".join(f"  at frame {number} of a stack trace that nobody reads at first" for number in range(30))


@pytest.fixture
def page(browser: Browser, own_bot: Bot) -> Iterator[Page]:
    """The page of `own_bot`'s sandbox; fails on any error of its scripts and any request to outside."""
    yield from opened(browser, own_bot, width=900, height=800)


def opened(browser: Browser, bot: Bot, *, width: int, height: int) -> Iterator[Page]:
    errors: list[str] = []
    made = browser.new_page(viewport={"width": width, "height": height})
    made.set_default_timeout(5000)

    def said(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            errors.append(message.text)

    def asked(request: Request) -> None:
        if not request.url.startswith(bot.sandbox.api_base):
            errors.append(f"asked {request.url}")

    made.on("pageerror", lambda error: errors.append(str(error)))
    made.on("console", said)
    made.on("request", asked)
    made.goto(bot.sandbox.page)
    made.wait_for_selector("#status:has-text('bot')")
    yield made
    made.close()
    assert errors == []


def height(element: Locator) -> float:
    box = element.bounding_box()
    assert box is not None
    return float(box["height"])


def last(page: Page, text: str) -> Locator:
    found = page.locator("article", has_text=text).last
    found.wait_for()
    return found


def test_entities_are_shown_and_markup_in_text_stays_text(page: Page, own_bot: Bot) -> None:
    parts: list[tuple[str, dict[str, Any]]] = [
        ("bold", {"type": "bold"}), ("slanted", {"type": "italic"}), ("lined", {"type": "underline"}),
        ("struck", {"type": "strikethrough"}), ("mono", {"type": "code"}),
        ("fn main() {}", {"type": "pre", "language": "rust"}), ("quoted", {"type": "blockquote"}),
        ("linked", {"type": "text_link", "url": "https://example.com/?a=1"}),
        ("phoned", {"type": "text_link", "url": "tel:+123"}), ("hidden", {"type": "spoiler"}),
    ]  # fmt: skip
    text, entities = "\U0001f449 <script>alert(1)</script> <b>&amp;", []
    for word, entity in parts:
        text += " "
        entities.append(entity | {"offset": len(text.encode("utf-16-le")) // 2, "length": len(word)})
        text += word
    own_bot.send(text, entities=entities)
    message = last(page, "fn main")
    shown = message.locator(".text").inner_text().replace("rust\n", "")
    assert shown.startswith("\U0001f449 <script>alert(1)</script> <b>&amp; bold slanted lined struck mono")
    for selector, word in [("strong", "bold"), ("em", "slanted"), ("u", "lined"), ("s", "struck")]:
        assert message.locator(f".text > {selector}").inner_text() == word
    assert message.locator(".text > code").inner_text() == "mono"
    assert message.locator("pre code").inner_text() == "fn main() {}"
    assert message.locator("pre .language").inner_text() == "rust"
    assert message.locator("blockquote").inner_text() == "quoted"
    link = message.locator("a")
    assert (link.count(), link.get_attribute("href"), link.get_attribute("rel")) == (
        1, "https://example.com/?a=1", "noopener noreferrer"
    )  # fmt: skip
    assert page.locator("#log script, #log b > *").count() == 0
    spoiler = message.locator(".spoiler")
    colour = "node => getComputedStyle(node).color"
    assert spoiler.evaluate(colour) == "rgba(0, 0, 0, 0)"
    spoiler.click()
    assert spoiler.evaluate(colour) != "rgba(0, 0, 0, 0)"


def test_a_tap_waits_for_the_bot_and_shows_its_message(page: Page, own_bot: Bot) -> None:
    sent = own_bot.send("Deploy?", reply_markup=BUTTONS)
    button = last(page, "Deploy?").get_by_role("button", name="Approve")
    button.click()
    page.wait_for_selector("button.key.waiting[aria-busy=true]")
    query = own_bot.call("getUpdates", timeout=5)[0]["callback_query"]
    assert (query["data"], query["message"]["message_id"]) == ("a", sent["message_id"])
    own_bot.call("answerCallbackQuery", callback_query_id=query["id"], text="Approved, thank you")
    page.wait_for_selector("#toast:has-text('Approved, thank you')")
    page.wait_for_selector("button.key.waiting", state="detached")
    own_bot.call(
        "editMessageText", chat_id=own_bot.user_id, message_id=sent["message_id"], text="Deploy? Approved"
    )
    card = last(page, "Deploy? Approved")
    assert card.locator(".edited").inner_text() == "edited"
    assert card.locator(".keyboard").count() == 0


def test_an_alert_waits_until_it_is_read(page: Page, own_bot: Bot) -> None:
    own_bot.send("Deploy?", reply_markup=BUTTONS)
    last(page, "Deploy?").get_by_role("button", name="Deny").click()
    query = own_bot.call("getUpdates", timeout=5)[0]["callback_query"]
    own_bot.call("answerCallbackQuery", callback_query_id=query["id"], text="Too late", show_alert=True)
    page.wait_for_selector("dialog[open]:has-text('Too late')")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]", state="detached")


def test_what_is_typed_is_sent_with_the_keyboard_alone(page: Page, own_bot: Bot) -> None:
    page.keyboard.type("first line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("<i>second</i>")
    page.keyboard.press("Enter")
    own = last(page, "second")
    assert own.locator(".text").inner_text() == "first line\n<i>second</i>"
    assert "own" in (own.get_attribute("class") or "")
    update = own_bot.call("getUpdates", timeout=5)[0]["message"]
    assert (update["text"], update["from"]["id"]) == ("first line\n<i>second</i>", own_bot.user_id)
    assert page.locator("#text").input_value() == ""


def test_a_reply_belongs_to_its_message(page: Page, own_bot: Bot) -> None:
    sent = own_bot.send("Why not?")
    message = last(page, "Why not?")
    message.hover()
    message.get_by_role("button", name="Reply").click()
    page.wait_for_selector("#reply:has-text('Why not?')")
    page.keyboard.type("tests are red")
    page.keyboard.press("Enter")
    assert last(page, "tests are red").locator(".quoted").inner_text().endswith("Why not?")
    update = own_bot.call("getUpdates", timeout=5)[0]["message"]
    assert update["reply_to_message"]["message_id"] == sent["message_id"]
    assert page.locator("#reply").is_hidden()


def test_commands_are_offered_and_chosen(page: Page, own_bot: Bot) -> None:
    commands = [{"command": name, "description": f"Show the {name}"} for name in ("status", "tasks")]
    own_bot.call("setMyCommands", commands=commands)
    own_bot.send("now")
    last(page, "now")
    page.keyboard.type("/sta")
    page.get_by_role("button", name="/status").click()
    last(page, "/status")
    assert own_bot.call("getUpdates", timeout=5)[0]["message"]["text"] == "/status"


def test_a_long_quote_is_folded_and_opens_and_stays_open(page: Page, own_bot: Bot) -> None:
    quote = {"type": "expandable_blockquote", "offset": 0, "length": len(TRACE)}
    sent = own_bot.send(TRACE.strip() + "\nend", entities=[quote | {"length": len(TRACE.strip())}])
    message = last(page, "frame 29")
    fold = message.locator(".fold")
    folded = height(fold)
    message.get_by_role("button", name="Show more").click()
    assert height(fold) > 3 * folded
    own_bot.call("setMessageReaction", chat_id=own_bot.user_id, message_id=sent["message_id"],
                 reaction=[{"type": "emoji", "emoji": "\U0001f44d"}])  # fmt: skip
    page.wait_for_selector(".reaction")
    message.get_by_role("button", name="Show less").click()
    assert height(fold) == pytest.approx(folded, abs=1)


def test_typing_silent_marks_documents_and_drafts_are_shown(page: Page, own_bot: Bot) -> None:
    own_bot.call("sendChatAction", chat_id=own_bot.user_id, action="typing")
    page.wait_for_selector("#status.typing:has-text('typing')")
    own_bot.call("sendMessageDraft", chat_id=own_bot.user_id, draft_id=1, text="so far")
    page.wait_for_selector(".draft:has-text('so far')")
    own_bot.http.post(
        own_bot.sandbox.bot_url + "sendDocument",
        data={"chat_id": str(own_bot.user_id), "disable_notification": "true"},
        files={"document": ("build.log", b"x" * 2048, "text/plain")},
    )
    message = last(page, "build.log")
    assert message.locator(".about").inner_text() == "build.log\n2.0 KB"
    assert message.locator("span.silent").count() == 1
    assert page.locator(".draft").count() == 0
    assert page.locator("#status.typing").count() == 0
    with page.expect_download() as download:
        message.locator("a.file").click()
    assert download.value.suggested_filename == "build.log"


def test_topics_and_several_chats_are_chosen_from_lists(page: Page, own_bot: Bot) -> None:
    own_bot.control.chat(-9, type="supergroup", title="Team", is_forum=True)
    topic = own_bot.call("createForumTopic", chat_id=-9, name="api-gateway")["message_thread_id"]
    own_bot.call("sendMessage", chat_id=-9, text="in the topic", message_thread_id=topic)
    own_bot.call("sendMessage", chat_id=-9, text="for everybody")
    page.wait_for_selector("#chats .count:has-text('3')")
    page.locator("#chats button", has_text="Team").click()
    last(page, "for everybody")
    assert last(page, "in the topic").locator(".topic").inner_text() == "api-gateway"
    page.get_by_role("tab", name="api-gateway").click()
    page.wait_for_selector("article:has-text('for everybody')", state="detached")
    page.locator("#text").fill("to the topic")
    page.locator("#text").press("Enter")
    last(page, "to the topic")
    said = [one["message"] for one in own_bot.call("getUpdates", timeout=5) if "message" in one]
    assert said[-1]["message_thread_id"] == topic


def test_deleted_messages_disappear_and_the_page_is_current_after_a_reload(page: Page, own_bot: Bot) -> None:
    own_bot.send("stays")
    gone = own_bot.send("goes")
    last(page, "goes")
    own_bot.call("deleteMessage", chat_id=own_bot.user_id, message_id=gone["message_id"])
    page.wait_for_selector("article:has-text('goes')", state="detached")
    page.reload()
    last(page, "stays")
    assert page.locator("article").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_everything_without_scrolling_sideways(
    browser: Browser, own_bot: Bot, scheme: Any
) -> None:
    own_bot.control.chat(-9, type="group", title="A team with quite a long name " * 3)
    long_word = "x" * 300
    own_bot.send(f"{long_word}\n{long_word}", reply_markup={
        "inline_keyboard": [[{"text": f"Option {long_word[:60]}", "callback_data": "a"}] * 3]
    }, entities=[{"type": "pre", "offset": 301, "length": 300}])  # fmt: skip
    own_bot.control.say(f"https://example.com/{long_word}", reply_to=1)
    for made in opened(browser, own_bot, width=360, height=640):
        made.emulate_media(color_scheme=scheme)
        last(made, long_word)
        width = "document.documentElement.scrollWidth"
        assert made.evaluate(width) == 360
        log = made.locator("#log")
        assert log.evaluate("log => log.scrollWidth - log.clientWidth") == 0
        box = made.locator("#send").bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 360
        assert box["y"] + box["height"] <= 640
        ink, ground = (
            made.evaluate(rf"getComputedStyle(document.body).{name}.match(/\d+/g).map(Number)")
            for name in ("color", "backgroundColor")
        )
        assert (sum(ink) > sum(ground)) is (scheme == "dark")


def test_two_windows_show_the_same_chat(browser: Browser, own_bot: Bot, page: Page) -> None:
    for other in opened(browser, own_bot, width=400, height=600):
        other.locator("#text").fill("from the other window")
        other.locator("#text").press("Enter")
        last(page, "from the other window")


def test_a_page_without_its_server_says_so(browser: Browser) -> None:
    with running(*UNLIMITED) as started:
        made = browser.new_page()
        made.goto(started.page)
        made.wait_for_selector("#status:has-text('bot')")
    made.wait_for_selector("#status:has-text('connection lost')")
    made.close()
