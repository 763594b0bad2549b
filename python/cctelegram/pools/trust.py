"""Trusted certificates: the system's where its directory is hashed, else certifi's.

In a hashed directory OpenSSL reads the few certificates of a connection on demand; a bundle is read in full
and takes 2 MB. Certificates are verified either way. `SSL_CERT_FILE` and `SSL_CERT_DIR`, which OpenSSL
itself reads, take precedence over both.
"""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import Final

from cctelegram.pools.lean import httpx

# A directory with fewer holds only private ones; there are 130 or more public ones.
COMPLETE: Final = 100
_HASHED: Final = re.compile(r"[0-9a-f]{8}\.\d+")


def context(paths: ssl.DefaultVerifyPaths | None = None) -> ssl.SSLContext:
    """Return a context that verifies certificate and name of the server.

    Args:
        paths: where OpenSSL reads certificates; None for the paths of this process's OpenSSL.

    Raises:
        OSError: the file that SSL_CERT_FILE names cannot be read as certificates.
    """
    paths = paths or ssl.get_default_verify_paths()
    built_in = (_existing(paths.openssl_cafile), _existing(paths.openssl_capath))
    if (
        (paths.cafile or None, paths.capath) != built_in
        or paths.capath is None
        or not is_complete(paths.capath)
    ):
        return httpx.create_ssl_context()
    return ssl.create_default_context(capath=paths.capath)


def is_complete(directory: str) -> bool:
    """Return whether the directory holds the public certificates under their hashed names."""
    try:
        return sum(_HASHED.fullmatch(each.name) is not None for each in Path(directory).iterdir()) >= COMPLETE
    except OSError:
        return False


def _existing(path: str) -> str | None:
    return path if Path(path).exists() else None
