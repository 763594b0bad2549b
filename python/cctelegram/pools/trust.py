"""Whose certificates are believed: the system's where they lie hashed, else certifi's.

In a hashed directory OpenSSL looks up the few certificates of a connection when it needs them; a bundle is
read whole, into 2 MB of a process that stays. Certificates are verified either way. `SSL_CERT_FILE` and
`SSL_CERT_DIR`, which OpenSSL itself reads, count before both.
"""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import Final

from cctelegram.pools.lean import httpx

# A directory with fewer certificates has only somebody's own ones; the public ones alone are 130 or more.
WHOLE: Final = 100
_HASHED: Final = re.compile(r"[0-9a-f]{8}\.\d+")


def context(paths: ssl.DefaultVerifyPaths | None = None) -> ssl.SSLContext:
    """Make a context that verifies certificate and name of the server.

    Args:
        paths: where OpenSSL looks; None for what this process's OpenSSL was built and told to.

    Raises:
        OSError: the file that SSL_CERT_FILE names cannot be read as certificates.
    """
    paths = paths or ssl.get_default_verify_paths()
    built_in = (_existing(paths.openssl_cafile), _existing(paths.openssl_capath))
    if (paths.cafile or None, paths.capath) != built_in or paths.capath is None or not is_whole(paths.capath):
        return httpx.create_ssl_context()
    return ssl.create_default_context(capath=paths.capath)


def is_whole(directory: str) -> bool:
    """Whether the directory has the public certificates under their hashed names."""
    try:
        return sum(_HASHED.fullmatch(each.name) is not None for each in Path(directory).iterdir()) >= WHOLE
    except OSError:
        return False


def _existing(path: str) -> str | None:
    return path if Path(path).exists() else None
