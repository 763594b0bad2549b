"""Refused messages are sent in a plainer form: the text always reaches the phone."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.delivery import classification, failure, payload
from cctelegram.delivery.payload import Payload
from cctelegram.delivery.plainer import may_help, plainer
from cctelegram.render.text import Entity, Text
from cctelegram.store import deliveries, outbox
from cctelegram.telegram import errors
from flow.chats import FORUM, both_allowed, make_chats, see_in
from flow.phone import labels, see, see_where, sends, texts
from running import bridge, wait_for
from store.rows import NOW, memory

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox
    from running import RunningBridge

# Telegram's 400 for each element that a message may have, and an unknown one.
REFUSALS = (
    "Bad Request: BUTTON_URL_INVALID",
    "Bad Request: BUTTON_DATA_INVALID",
    "Bad Request: REPLY_MARKUP_TOO_LONG",
    "Bad Request: can't parse entities: unsupported entity",
    "Bad Request: message is too long",
    "Bad Request: message caption is too long",
    "Bad Request: not enough rights to send documents to the chat",
    "Bad Request: message thread not found",
    "Bad Request: message to be replied not found",
    "Bad Request: EFFECT_ID_INVALID",
    "Bad Request: SOMETHING_NEW_INVALID",
)


def refused(words: str) -> errors.Refused:
    body = b'{"ok":false,"error_code":400,"description":"%s"}' % words.encode()
    error = errors.classify("sendMessage", 400, body)
    assert isinstance(error, errors.Refused)
    return error


@st.composite
def payloads(draw: st.DrawFn) -> Payload:
    # One UTF-16 unit each: no entity below begins or ends inside of a character.
    letters = st.characters(min_codepoint=33, max_codepoint=0xFFFF, exclude_categories=("C", "Z"))
    text = draw(st.text(letters, min_size=1))
    text *= draw(st.integers(1, max(1, 4000 // (2 * len(text)))))
    kinds: list[Entity] = [Entity("bold", 0, 1), Entity("text_link", 0, 1, url="https://example.org/there")]
    links: list[dict[str, Any]] = [
        {"text": f"L{number}", "url": f"https://example.org/{number}"}
        for number in range(draw(st.integers(0, 3)))
    ]
    options = [{"text": f"O{number}", "callback_data": "x"} for number in range(draw(st.integers(0, 3)))]
    return Payload(
        text=Text(text, tuple(draw(st.lists(st.sampled_from(kinds), max_size=2)))),
        buttons=tuple((button,) for button in (*links, *options)),
        document=draw(st.sampled_from((None, "event.txt"))),
    )


@given(payloads(), st.lists(st.sampled_from(REFUSALS), min_size=40, max_size=40))
def test_every_form_keeps_the_words_and_there_are_few(content: Payload, words: list[str]) -> None:
    # Each time the first part that is not plain yet is refused, until all of them are the plainest.
    waiting, plainest, steps = [content], [], 0
    while waiting:
        found = plainer(waiting[0], refused(words[steps % len(words)]))
        if found is None:
            plainest.append(waiting.pop(0))
        else:
            waiting[:1] = found.payloads
            steps += 1
        assert steps < 60
    told = "".join(one.text.text for one in plainest)
    assert "".join(content.text.text.split()) in "".join(told.split()) or content.text.entities
    for one in plainest:
        assert (one.buttons, one.document, one.text.entities) == ((), None, ())
        assert len(one.text.text.encode("utf-16-le")) <= 2 * 4096
    for row in content.buttons:
        assert str(row[0].get("url", row[0]["text"])) in told
    assert all(entity.url in told for entity in content.text.entities if entity.url)


def test_only_the_link_that_is_named_is_left_out() -> None:
    buttons = (({"text": "A", "url": "http://build"},), ({"text": "B", "url": "https://example.org"},))
    content = Payload(text=Text("Red"), buttons=buttons)
    words = "Bad Request: inline keyboard button URL 'http://build' is invalid: Wrong HTTP URL"
    found = plainer(content, refused(words))
    assert found is not None
    (one,) = found.payloads
    assert one.text.text == "Red\n\nA: http://build"
    assert one.buttons == buttons[1:]


@pytest.mark.parametrize("words", REFUSALS)
def test_a_plainer_form_may_help_after_every_400(words: str) -> None:
    assert may_help(refused(words))
    assert not may_help(errors.classify("sendMessage", 406, b'{"ok":false,"error_code":406}'))


def test_a_refused_form_is_recorded_and_a_refusal_of_the_plainest_is_dead() -> None:
    with closing(memory()) as store:
        content = Payload(text=Text("Red", (Entity("bold", 0, 3),)))
        parts = [payload.pack(content), payload.pack(Payload(text=Text("Second")))]
        delivery = deliveries.enqueue(store, 1001, parts, NOW)
        error = refused("Bad Request: SOMETHING_NEW_INVALID")
        for state in ("queued", "dead"):
            waiting = deliveries.following(store, 1001, NOW)
            assert waiting is not None
            deliveries.start(store, delivery, 1, NOW)
            for _ in range(2):  # the second time is one after a fault of the store
                failure.record(store, waiting, 1, None, classification.Plainer(error), NOW)
            first = payload.unpack(deliveries.parts(store, delivery)[0].payload)
            assert first == Payload(text=Text("Red"))
            assert outbox.shown(store, delivery)["state"] == state
        assert "without formatting" in outbox.shown(store, delivery)["note"]


def test_a_text_that_is_too_long_is_split_and_the_rest_follows_it() -> None:
    with closing(memory()) as store:
        long = Payload(text=Text("word " * 400))
        delivery = deliveries.enqueue(
            store, 1001, [payload.pack(one) for one in (long, Payload(text=Text("last")))], NOW
        )
        waiting = deliveries.following(store, 1001, NOW)
        assert waiting is not None
        deliveries.start(store, delivery, 1, NOW)
        error = refused("Bad Request: message is too long")
        failure.record(store, waiting, 1, None, classification.Plainer(error), NOW)
        left = deliveries.parts(store, delivery)
        assert [part.position for part in left] == list(range(len(left)))
        told = [payload.unpack(part.payload).text.text for part in left]
        assert "".join(told) == "word " * 400 + "last"
        assert len(told) == 3


def red(title: str, url: str) -> dict[str, Any]:
    return {"type": "build_failed", "title": title, "data": {"actions": [{"text": "Open", "url": url}]}}


@pytest.mark.parametrize("url", ["https://ci.example:99999/x", "https://a.b:0/"])
def test_a_link_button_that_telegram_refuses_moves_into_the_text(
    running: RunningBridge, fast_sandbox: Sandbox, url: str
) -> None:
    running.put("a.json", {**red("Red", url), "event_id": "red"})
    message = see(fast_sandbox, "Red", f"Open: {url}")
    assert labels(message) == []
    running.wait_status(lambda now: now["delivery"]["sent"] == 1, "sent")
    told = [line for line in running.log() if line["event"] == "delivery.degraded"]
    assert len(told) == 1
    assert url in told[0]["note"]


@pytest.mark.parametrize(
    ("kind", "times"),
    [
        ("button-url", 1),
        ("button-data", 2),
        ("markup-too-long", 1),
        ("bad-entities", 1),
        ("unknown-refusal", 2),
        ("text-too-long", 1),
    ],
)
def test_the_text_reaches_the_phone_whatever_telegram_refuses(
    running: RunningBridge, fast_sandbox: Sandbox, kind: str, times: int
) -> None:
    fast_sandbox.control.fault(f"{kind},times={times}")
    running.put("a.json", red("Red build", "https://example.org/run/1"))
    see_where(
        fast_sandbox,
        lambda m: "Red build" in m["text"] and ("example.org/run/1" in m["text"] or labels(m) == ["Open"]),
        "the words and the link",
    )
    assert "dead" not in running.status()["deliveries"]
    assert len(sends(fast_sandbox)) == times + 1


def test_a_message_that_is_refused_in_every_form_is_dead_after_a_few_attempts(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.fault("unknown-refusal,times=0")
    running.put("a.json", red("Red build", "https://example.org/run/1"))
    running.wait_status(lambda now: now["deliveries"].get("dead") == 1, "dead")
    assert len(sends(fast_sandbox)) <= 5


@pytest.mark.parametrize("said", ["2", " no WAY "])
def test_a_question_whose_buttons_are_refused_is_answered_by_a_reply(
    running: RunningBridge, fast_sandbox: Sandbox, said: str
) -> None:
    control = fast_sandbox.control
    control.fault("button-data")
    running.put(
        "q.json",
        {
            "type": "approval_request",
            "title": "Go?",
            "event_id": "q",
            "data": {"options": ["Go on", "No way"]},
        },
    )
    card = see(fast_sandbox, "Go?", "1. Go on", "2. No way", "reply to this message")
    assert labels(card) == []
    control.say("nonsense that no option has", reply_to=card["message_id"])
    see(fast_sandbox, "Reply with the number or the exact label of an option")
    control.say(said, reply_to=card["message_id"])
    (answer,) = wait_for(
        lambda: [one for one in running.responses() if one["kind"] == "decision"], "an answer"
    )
    assert answer["option_index"] == 1
    see_where(
        fast_sandbox,
        lambda m: m["message_id"] == card["message_id"] and m["text"].count("No way") > 1,
        "the card tells of the answer",
    )


def test_a_card_whose_last_edit_is_refused_for_its_entities_still_loses_its_buttons(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    running.put("q.json", {"type": "approval_request", "title": "Go?", "event_id": "q"})
    card = see(fast_sandbox, "Go?")
    fast_sandbox.control.fault("bad-entities,method=editMessageText")
    fast_sandbox.control.tap(card["message_id"], "Approve")
    see_where(fast_sandbox, lambda m: "Approve" in m["text"] and not labels(m), "the buttons are gone")


@pytest.mark.parametrize("kind", ["no-documents", "caption-too-long", "too-large,method=sendDocument"])
def test_a_refused_file_is_mentioned_in_the_text(
    running: RunningBridge, fast_sandbox: Sandbox, kind: str
) -> None:
    fast_sandbox.control.fault(kind)
    running.put("a.json", {"type": "task_failed", "title": "Big log", "description": "line of words " * 9000})
    see(fast_sandbox, "Full event: Big log")
    running.wait_status(lambda now: now["delivery"]["sent"] == 1, "sent")
    files = [one for one in fast_sandbox.control.messages() if "document" in one]
    assert len(files) == ("caption" in kind)
    assert any("refused the file" in text for text in texts(fast_sandbox)) == ("caption" not in kind)


def test_the_note_of_a_delivery_says_that_it_fell_back_to_the_chat(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    make_chats(fast_sandbox)
    with bridge(both_allowed(tmp_path / "home", fast_sandbox, f'to = "{FORUM}:77"')) as running:
        running.put("a.json", {"type": "task_failed", "title": "Routed", "event_id": "routed"})
        see_in(fast_sandbox, FORUM, "Routed")
        running.wait_status(lambda now: now["delivery"]["sent"] == 2, "both recorded")
        code, body = running.get("/deliveries/routed")
        assert code == 200
        assert b"sent to the chat instead of topic 77" in body
        code, body = running.get("/outbox/show/routed")
        assert b"sent to the chat instead of topic 77" in body
        told = [line for line in running.log() if line["event"] == "delivery.degraded"]
        assert "topic 77" in told[0]["note"]


def test_a_route_to_the_general_topic_is_a_route_to_the_chat(tmp_path: Path, fast_sandbox: Sandbox) -> None:
    make_chats(fast_sandbox)
    with bridge(both_allowed(tmp_path / "home", fast_sandbox, f'to = "{FORUM}:1"')) as running:
        running.put("a.json", {"type": "task_failed", "title": "Routed", "data": {"project": "shop"}})
        assert see_in(fast_sandbox, FORUM, "Routed").get("message_thread_id") is None
        running.wait_status(lambda now: now["delivery"]["sent"] == 2, "both recorded")
        assert running.status()["health"] == "ok"
    assert len(sends(fast_sandbox)) == 2
    assert fast_sandbox.control.calls("createForumTopic") == []
