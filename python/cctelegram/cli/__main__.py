"""`python -m cctelegram.cli`: the command without its installed script, as a session starts the bridge."""

from __future__ import annotations

from cctelegram.cli import main

raise SystemExit(main())
