"""A server over TLS on loopback that answers every request as the Bot API does; ends with its input.

Takes a folder, in which it makes an authority and a certificate; prints the port and the authority's file.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from pools.authority import issue
from pools.wire import result, wire


async def main(folder: Path) -> None:
    context, vouched = issue(folder)
    async with wire(result({}), tls=context) as server:
        print(server.port, vouched, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
