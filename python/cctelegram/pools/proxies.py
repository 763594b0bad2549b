"""The proxies that the environment names, as mounts of an httpx client.

httpx reads them for transports of its own only; these follow the same rules.
"""

from __future__ import annotations

import ipaddress
import sys
from typing import Final

from cctelegram.config import environment

_SCHEMES: Final = ("http", "https", "all")


def mounts() -> dict[str, str | None]:
    """Return the proxy for each pattern of URLs, None where NO_PROXY asks for a direct connection."""
    named = _named()
    found: dict[str, str | None] = {}
    for scheme in _SCHEMES:
        if address := named.get(scheme):
            found[f"{scheme}://"] = address if "://" in address else f"http://{address}"
    direct = [host for each in named.get("no", "").split(",") if (host := each.strip())]
    if "*" in direct:
        return {}
    return found | {_pattern(host): None for host in direct}


def _named() -> dict[str, str]:
    """Return the proxies by scheme, as urllib does; a lower-case variable wins.

    urllib.request itself costs a megabyte, so it is loaded only where the system has proxy settings.
    """
    if sys.platform in ("darwin", "win32"):
        from urllib.request import getproxies  # noqa: PLC0415  see above

        return getproxies()
    variables = environment.snapshot()
    ordered = sorted((name for name in variables if name.lower().endswith("_proxy")), key=str.islower)
    return {name[: -len("_proxy")].lower(): variables[name] for name in ordered}


def _pattern(host: str) -> str:
    """Return the pattern of URLs for an entry of NO_PROXY."""
    if "://" in host:
        return host
    try:
        address = ipaddress.ip_address(host.partition("/")[0])
    except ValueError:
        # A name matches itself and its subdomains; one that begins with a dot matches subdomains only.
        return f"all://{host}" if host.lower() == "localhost" else f"all://*{host}"
    return f"all://[{host}]" if address.version == 6 else f"all://{host}"
