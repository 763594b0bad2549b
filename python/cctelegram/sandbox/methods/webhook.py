"""Methods that set and remove a webhook: it is never called, but long polling is refused while it is set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cctelegram.sandbox.refused import bad
from cctelegram.sandbox.state import State, Webhook

if TYPE_CHECKING:
    from cctelegram.sandbox.methods.kind import Parameters


async def set_webhook(state: State, given: Parameters) -> bool:
    """Set the webhook; an empty URL removes it."""
    url = given["url"]
    if not url:
        return await delete_webhook(state, given)
    if not url.startswith("https://"):
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    if not 1 <= given.get("max_connections", 40) <= 100:
        raise bad("bad webhook: max_connections must be between 1 and 100")
    state.webhook = Webhook(url, given.get("max_connections", 40), given.get("ip_address"))
    _drop(state, given)
    if "allowed_updates" in given:
        state.updates.allowed = frozenset(given["allowed_updates"])
    state.bell.ring()
    return True


async def delete_webhook(state: State, given: Parameters) -> bool:
    """Remove the webhook."""
    state.webhook = None
    _drop(state, given)
    state.bell.ring()
    return True


async def get_webhook_info(state: State, _given: Parameters) -> dict[str, Any]:
    """Return the `WebhookInfo`."""
    found: dict[str, Any] = {
        "url": state.webhook.url if state.webhook else "",
        "has_custom_certificate": False,
        "pending_update_count": len(state.updates.pending),
    }
    if state.webhook:
        found["max_connections"] = state.webhook.max_connections
        if state.webhook.ip_address:
            found["ip_address"] = state.webhook.ip_address
    if state.updates.allowed:
        found["allowed_updates"] = sorted(state.updates.allowed)
    return found


def _drop(state: State, given: Parameters) -> None:
    if given.get("drop_pending_updates"):
        state.updates.pending = []
