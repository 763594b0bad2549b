from __future__ import annotations

from typing import TYPE_CHECKING

from cctelegram.config import zone

if TYPE_CHECKING:
    import pytest


def test_the_zone_is_the_configured_one_or_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(zone.zone("Europe/Berlin")) == "Europe/Berlin"
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    assert str(zone.zone("")) == "Asia/Kathmandu"
    monkeypatch.delenv("TZ")
    assert zone.zone("").utcoffset(None) is None or zone.zone("") is not None
