"""Tools that send a question to the phone: one returns at once, one waits for the answer."""

from __future__ import annotations

from cctelegram.client import answers, bridge
from cctelegram.config import paths
from cctelegram.server import ToolError
from cctelegram.server.outgoing import put, send
from cctelegram.spool import responses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cctelegram._native import Call
    from cctelegram.server.session import Session

    Result = tuple[str, dict[str, Any]]

# Clients time out on a tool that is silent for five minutes.
PROGRESS_SECONDS = 5.0

YES_AND_NO = ["Approve", "Deny"]


def send_approval_request(arguments: dict[str, Any], call: Call, session: Session) -> Result:
    """Send a question, and return at once."""
    data = {key: arguments[key] for key in ("options", "timeout_minutes")}
    _add_default(data, arguments)
    event = {
        "type": "approval_request",
        "title": arguments["title"],
        "description": arguments["description"],
        "data": data,
    }
    return send(session, event, call)


def ask(arguments: dict[str, Any], call: Call, session: Session) -> Result:
    """Send a question, or resume one sent before, and wait for its answer or its end."""
    home = session.home()
    event_id = arguments.get("event_id")
    if event_id is None:
        if bridge.status(home).get("mode") == "muted":
            text = (
                "The question was not sent: Telegram is muted. Ask in the terminal, or unmute and ask again."
            )
            return text, {"outcome": "muted", "delivered": "no", "bridge": {"running": True}}
        event_id = _post(home, arguments, call, session)
    else:
        before = responses.taken_decision(paths.responses_dir(home), event_id)
        if before is not None:
            return _result(before)
    session.waiting.add(event_id)
    try:
        answer = _wait(home, event_id, arguments["timeout_seconds"], call)
    finally:
        session.waiting.discard(event_id)
    return _result(answer) if answer is not None else _out_of_time(home, event_id, arguments)


def _post(home: str, arguments: dict[str, Any], call: Call, session: Session) -> str:
    data = {key: arguments[key] for key in ("options", "allow_text", "timeout_seconds")}
    data["awaited_by"] = session.id
    _add_default(data, arguments)
    asker = call.client.rpartition(" ")[0] if call.client else "An agent"
    event = {
        "type": "approval_request",
        "title": f"{asker[:80]} asks",
        "description": arguments["question"],
        "data": data,
    }
    return put(home, event, call)[0]


def _add_default(data: dict[str, Any], arguments: dict[str, Any]) -> None:
    default = arguments.get("default_on_timeout")
    if default is None:
        return
    if default not in arguments["options"]:
        options = ", ".join(arguments["options"])
        raise ToolError(f"default_on_timeout: read {default}; allowed: {options}")
    data["default_on_timeout"] = default


def _wait(home: str, event_id: str, seconds: float, call: Call) -> dict[str, Any] | None:
    """Return the answer, or None on timeout; report progress. Raises ToolError when the call is cancelled."""
    reported = -PROGRESS_SECONDS

    def check(passed: float) -> None:
        nonlocal reported
        if call.cancelled():
            raise ToolError(f"The wait was cancelled; call ask with event_id {event_id} to resume it.")
        if passed - reported >= PROGRESS_SECONDS:
            reported = passed
            remaining = max(0, round(seconds - passed))
            call.progress(passed, seconds, f"Waiting for an answer on the phone, {remaining} s left")

    return answers.wait(home, event_id, seconds, check)


def _out_of_time(home: str, event_id: str, arguments: dict[str, Any]) -> Result:
    state = bridge.state_for_sender(home)
    result = {
        "outcome": "expired",
        "event_id": event_id,
        "action": "expired",
        "delivered": "unknown",
        "bridge": state,
    }
    text = "No answer in time, and it is unknown whether the question was on the phone."
    # Only a denial is safe as a default if the question may never have been seen.
    if arguments["options"] == YES_AND_NO and arguments.get("default_on_timeout") == "Deny":
        result["answer"] = result["option"] = "Deny"
        text += " The default applies: Deny."
    if not state["running"]:
        text += f" {state['note']}"
    return text, result


def _result(answer: dict[str, Any]) -> Result:
    action = str(answer.get("action") or "answered")
    outcome = action if action in ("expired", "cancelled") else "answered"
    chosen = answer.get("option") or answer.get("text")
    result: dict[str, Any] = {
        "outcome": outcome,
        "event_id": answer.get("event_id"),
        "answer": chosen,
        "action": action,
        "option": answer.get("option"),
        "option_index": answer.get("option_index"),
        "text": answer.get("text"),
        "who": responses.display_name(answer) or None,
        "when": answer.get("timestamp"),
        "response_time_seconds": answer.get("response_time_seconds"),
    }
    delivered = answer.get("delivered")
    if outcome == "answered" or isinstance(delivered, bool):
        result["delivered"] = "no" if delivered is False else "yes"
    return _sentence(result), {key: value for key, value in result.items() if value is not None}


def _sentence(result: dict[str, Any]) -> str:
    who, chosen = result["who"] or "Someone", result["answer"]
    if result["outcome"] == "cancelled":
        return "The question was cancelled before it was answered."
    if result["outcome"] == "expired":
        default = f" The default applies: {chosen}." if chosen else " Do not take that as approval."
        return f"No answer in time.{default}"
    text = result["text"]
    comment = f" They wrote: {text}" if text and text != chosen else ""
    return f"{who} answered: {chosen}.{comment}"
