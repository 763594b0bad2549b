"""`python -m cctelegram.sandbox`: the sandbox without the rest of the command line."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import orjson

from cctelegram.sandbox.flags import add_flags, faults_of, rates_of
from cctelegram.sandbox.run import serve


def main() -> None:
    """Read the flags, serve, print the addresses on standard output."""
    parser = argparse.ArgumentParser(
        prog="cctelegram.sandbox", description="A Bot API server for this machine"
    )
    add_flags(parser)
    flags = parser.parse_args()

    def ready(addresses: dict[str, Any]) -> None:
        line = (
            orjson.dumps(addresses).decode()
            if flags.json
            else f"{addresses['page']}\n{addresses['api_base']}\n{addresses['token']}"
        )
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    try:
        serve(
            port=flags.port,
            token=flags.token,
            user_id=flags.user,
            ready=ready,
            rates=rates_of(flags),
            faults=faults_of(flags),
        )
    except (ValueError, OSError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
