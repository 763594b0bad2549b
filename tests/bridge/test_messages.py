"""Messages of a person: pictures, captions, edits, commands for other bots, undocumented updates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cctelegram.spool.responses import take
from flow.phone import see, texts
from running import RunningBridge, wait_for

if TYPE_CHECKING:
    from cctelegram.sandbox.child import Sandbox


def message(sandbox: Sandbox, **content: Any) -> dict[str, Any]:
    person = {"id": sandbox.user_id, "is_bot": False, "first_name": "<b>Ann</b> & Co"}
    chat = {"id": sandbox.user_id, "type": "private", "first_name": "Ann"}
    return {"message": {"message_id": 90_000, "date": 1, "chat": chat, "from": person, **content}}


def test_the_reply_to_a_picture_does_not_claim_that_it_is_stored(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    photo = [{"file_id": "x", "file_unique_id": "x", "width": 1, "height": 1}]
    fast_sandbox.control.update(message(fast_sandbox, photo=photo))
    see(fast_sandbox, "A photo cannot be passed to the agent", "It was discarded")
    fast_sandbox.control.update(message(fast_sandbox, photo=photo, caption="Look at this"))
    see(fast_sandbox, "A photo cannot be passed to the agent", "Its text was passed on")
    (answer,) = wait_for(running.responses, "the words")
    assert (answer["kind"], answer["text"]) == ("message", "Look at this")


def test_service_messages_and_commands_for_another_bot_are_not_passed_to_agents(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.update(message(fast_sandbox, group_chat_created=True))
    fast_sandbox.control.update(message(fast_sandbox, text="/status@some_other_bot"))
    fast_sandbox.control.say("For the agent")
    (answer,) = wait_for(running.responses, "the last one")
    assert answer["text"] == "For the agent"
    assert texts(fast_sandbox) == ["For the agent"]


def files(running: RunningBridge, count: int) -> list[dict[str, Any]]:
    return wait_for(lambda: found if len(found := running.responses()) == count else [], f"{count} files")


def test_the_new_text_of_a_message_counts_until_it_is_taken(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    control = fast_sandbox.control
    said = control.say("Frist")["message_id"]
    (first,) = files(running, 1)
    control.edit(said, "First")
    wait_for(lambda: [a["text"] for a in running.responses()] == ["First"], "the new text")
    assert running.responses()[0]["id"] == first["id"]
    (taken,) = take(str(running.home / "responses"))
    control.edit(said, "First, corrected")
    (second,) = files(running, 1)
    assert (second["text"], second["edits"]) == ("First, corrected", taken[1]["id"])
    control.edit(said, "First, corrected twice")
    twice = "First, corrected twice"
    wait_for(lambda: [answer["text"] for answer in running.responses()] == [twice], "the newest text")
    (third,) = running.responses()
    assert (third["id"], third["edits"]) == (second["id"], first["id"])
    control.say("The last")
    files(running, 2)
    wait_for(lambda: not list((running.home / "responses").glob(".*")), "nothing is left of it")


def test_an_edit_without_new_text_is_ignored_and_an_edit_runs_no_command(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    control = fast_sandbox.control
    said = control.say("https://example.org")["message_id"]
    files(running, 1)
    control.edit(said, "https://example.org")
    control.edit(control.say("/help")["message_id"], "/mute")
    see(fast_sandbox, "An edited command is not run")
    assert running.status()["mode"] == "nomad"
    control.say("The last")
    assert [answer["text"] for answer in files(running, 2)] == ["https://example.org", "The last"]


def test_an_edit_can_make_an_unclear_reply_clear(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    running.put("q.json", {"type": "approval_request", "title": "Go on?", "event_id": "q"})
    control, card = fast_sandbox.control, see(fast_sandbox, "Go on?")
    said = control.say("yse", reply_to=card["message_id"])["message_id"]
    see(fast_sandbox, "Nothing was decided")
    control.edit(said, "yes")
    wait_for(lambda: [a for a in running.responses() if a.get("action") == "approved"], "it is decided")
    control.edit(said, "no")
    wait_for(lambda: [a for a in running.responses() if a.get("text") == "no"], "the newest text")
    assert {answer.get("text", answer.get("action")) for answer in running.responses()} == {"approved", "no"}


def test_an_album_is_reported_once_and_its_captions_are_stored(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.album(10, caption="Ten views")
    see(fast_sandbox, "An album cannot be passed to the agent")
    fast_sandbox.control.album(2)
    fast_sandbox.control.say("The last")
    assert [answer["text"] for answer in files(running, 2)] == ["Ten views", "The last"]
    notice = "cannot be passed to the agent"
    wait_for(lambda: sum(notice in text for text in texts(fast_sandbox)) == 2, "two albums")
    running.wait_status(lambda now: not any(now["queue"].values()), "nothing more is told")
    assert sum("cannot be passed to the agent" in text for text in texts(fast_sandbox)) == 2


def test_an_undocumented_update_does_not_block_the_next(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    odd = message(fast_sandbox, text="Odd")
    odd["message"]["chat"] = ["not", "a", "chat"]
    fast_sandbox.control.update(odd)
    fast_sandbox.control.update(message(fast_sandbox, text=["no", "text"]))
    fast_sandbox.control.say("All the same")
    found = wait_for(lambda: [a for a in running.responses() if a["text"] == "All the same"], "the next")
    assert len(found) == 1
    assert any(line["event"] == "update.malformed" for line in running.log())


def test_a_name_that_looks_like_markup_is_shown_literally(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    running.put("q.json", {"type": "approval_request", "title": "Who", "event_id": "q"})
    card = see(fast_sandbox, "Who")
    person = {"id": fast_sandbox.user_id, "is_bot": False, "first_name": "<b>Ann</b> *& [Co](x)"}
    data = card["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
    query = {"id": "77", "from": person, "message": card, "chat_instance": "1", "data": data}
    fast_sandbox.control.update({"callback_query": query})
    see(fast_sandbox, "<b>Ann</b> *& [Co](x)")
    (answer,) = wait_for(running.responses, "the answer")
    assert answer["first_name"] == "<b>Ann</b> *& [Co](x)"


def test_a_long_message_is_stored_completely(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    text = "ж👩‍👩‍👧" * 400
    fast_sandbox.control.say(text)
    (answer,) = wait_for(running.responses, "the message")
    assert answer["text"] == text
