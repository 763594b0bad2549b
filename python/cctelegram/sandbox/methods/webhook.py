"""Methods that set and remove a webhook: it is never called, but long polling is refused while it is set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cctelegram.sandbox.refused import bad
from cctelegram.sandbox.state import State, Webhook

if TYPE_CHECKING:
    from cctelegram.sandbox.methods.kind import Parameters


async def set_webhook(state: State, params: Parameters) -> bool:
    """Set the webhook; an empty URL removes it."""
    url = params["url"]
    if not url:
        return await delete_webhook(state, params)
    if not url.startswith("https://"):
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    if not 1 <= params.get("max_connections", 40) <= 100:
        raise bad("bad webhook: max_connections must be between 1 and 100")
    state.webhook = Webhook(url, params.get("max_connections", 40), params.get("ip_address"))
    _drop(state, params)
    if "allowed_updates" in params:
        state.updates.allowed = frozenset(params["allowed_updates"])
    state.changes.add()
    return True


async def delete_webhook(state: State, params: Parameters) -> bool:
    """Remove the webhook."""
    state.webhook = None
    _drop(state, params)
    state.changes.add()
    return True


async def get_webhook_info(state: State, _params: Parameters) -> dict[str, Any]:
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


def _drop(state: State, params: Parameters) -> None:
    if params.get("drop_pending_updates"):
        state.updates.pending = []
