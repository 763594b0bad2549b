"""Another reader of the updates (409): identified, and recovered from without a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flow.phone import see
from running import RunningBridge, wait_for

if TYPE_CHECKING:
    from cctelegram.sandbox.child import Sandbox


@pytest.mark.parametrize(
    ("kind", "said"), [("other-poller", "another program polls"), ("webhook", "a webhook is set")]
)
def test_a_409_is_reported_sending_continues_and_polling_resumes_by_itself(
    running: RunningBridge, fast_sandbox: Sandbox, kind: str, said: str
) -> None:
    control = fast_sandbox.control
    running.wait_status(lambda now: now["telegram_connected"], "connected")
    # The first poll asks Telegram to answer at once; the conflict is for the one behind the one that waits.
    wait_for(lambda: len(control.calls("getUpdates")) >= 2, "a poll waits")
    control.fail(kind=kind, times=0)
    control.say("Said meanwhile")  # ends the poll that waits; the next one meets the conflict
    wait_for(running.responses, "what was said is filed")
    running.wait_status(lambda now: said in str(now["reasons"]), "it says which")
    running.put("a.json", {"type": "task_failed", "title": "Sent all the same"})
    see(fast_sandbox, "Sent all the same")
    control.say("Kept by Telegram")
    control.reset()
    running.wait_status(lambda now: now["health"] == "ok" and now["telegram_connected"], "it takes over")
    found = wait_for(
        lambda: [one for one in running.responses() if one["text"] == "Kept by Telegram"], "heard"
    )
    assert len(found) == 1
