from __future__ import annotations

import shutil
import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest

from cctelegram.pools import trust

if TYPE_CHECKING:
    from pathlib import Path

OPENSSL = shutil.which("openssl")


@pytest.fixture
def hashed(tmp_path: Path) -> Path:
    """A directory as a system has it: many certificates, each under the hash of its subject."""
    if OPENSSL is None:
        pytest.skip("needs the openssl command to make certificates")
    folder = tmp_path / "certs"
    folder.mkdir()
    subprocess.run(
        [
            *(OPENSSL, "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"),
            *("-keyout", str(tmp_path / "key.pem"), "-out", str(folder / "own.pem")),
        ],
        check=True,
        capture_output=True,
    )
    named = subprocess.run(
        [OPENSSL, "x509", "-noout", "-hash", "-in", str(folder / "own.pem")],
        check=True,
        capture_output=True,
        text=True,
    )
    (folder / f"{named.stdout.strip()}.0").symlink_to("own.pem")
    for number in range(trust.COMPLETE):
        (folder / f"{number:08x}.0").symlink_to("own.pem")
    return folder


def paths(folder: Path, *, cafile: str = "") -> ssl.DefaultVerifyPaths:
    """Where an OpenSSL looks that was built with this directory."""
    return ssl.DefaultVerifyPaths(
        cafile, str(folder), "SSL_CERT_FILE", "/nowhere.pem", "SSL_CERT_DIR", str(folder)
    )


def shake_hands(client: ssl.SSLContext, folder: Path) -> None:
    """Do a complete handshake in memory; raises what the client raises."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "own.pem", folder.parent / "key.pem")
    here, there = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(here, there, server_hostname="127.0.0.1"),
        server.wrap_bio(there, here, server_side=True),
    )
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue


def test_certificates_in_a_hashed_directory_are_looked_up_one_by_one(hashed: Path) -> None:
    made = trust.context(paths(hashed))
    assert made.verify_mode is ssl.CERT_REQUIRED
    assert made.check_hostname
    assert made.cert_store_stats()["x509"] == 0
    shake_hands(made, hashed)
    assert made.cert_store_stats()["x509"] == 1


def test_a_peer_that_is_not_in_the_directory_is_refused(hashed: Path) -> None:
    made = trust.context(paths(hashed))
    for link in hashed.glob("*.0"):
        link.unlink()
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(made, hashed)


def test_a_directory_of_a_few_own_certificates_does_not_replace_the_bundle(
    hashed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    for number in range(10):
        (hashed / f"{number:08x}.0").unlink()
    assert not trust.is_complete(str(hashed))
    assert trust.context(paths(hashed)).cert_store_stats()["x509_ca"] > 100
    assert not trust.is_complete(str(hashed / "nowhere"))


def test_certificates_named_by_the_environment_precede_the_systems(
    hashed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = str(hashed / "own.pem")
    monkeypatch.setenv("SSL_CERT_FILE", own)
    made = trust.context(paths(hashed, cafile=own))
    assert made.cert_store_stats()["x509"] == 1
    shake_hands(made, hashed)
