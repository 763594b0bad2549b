"""`python -m cctelegram.cli`: the command without its installed script; sessions start the bridge so."""

from __future__ import annotations

from cctelegram.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
