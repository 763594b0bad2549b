"""The whole path once, as a demonstration: `make demo`.

Real parts only: a shell that echoes files, the bridge in a process of its own, an MCP client session over
standard input and output, the sandbox in the place of Telegram, a tap on its button.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from cctelegram.sandbox.child import running as running_sandbox
from flow.phone import see
from running import COMMAND, bridge, environment, make_home

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcp import ClientSession

    from cctelegram.sandbox.child import Sandbox


class Steps:
    """Prints what happens, and how long each step took."""

    def __init__(self) -> None:
        self._width = 58

    @contextlib.contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Time one step."""
        sys.stdout.write(f"  {what:<{self._width}}")
        sys.stdout.flush()
        began = time.perf_counter()
        yield
        sys.stdout.write(f"{(time.perf_counter() - began) * 1000:8.0f} ms\n")


def echo(home: Path, name: str, event: str) -> None:
    """Write an event as any shell does."""
    subprocess.run(["sh", "-c", f"echo '{event}' > events/{name}"], cwd=home, check=True)


async def agent(home: Path, sandbox: Sandbox, steps: Steps) -> list[tuple[str, Any]]:
    """Act as an agent: send an event, ask a question, get the answer that the person taps."""
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client

    server = StdioServerParameters(command=COMMAND, args=["mcp"], env=environment(CC_TELEGRAM_HOME=str(home)))
    async with contextlib.AsyncExitStack() as stack:
        with steps.step("agent: start `cctelegram mcp`, shake hands"):
            streams = await stack.enter_async_context(stdio_client(server))
            session: ClientSession = await stack.enter_async_context(ClientSession(*streams))
            await session.initialize()
        with steps.step("agent: send_telegram_event, until it is on the phone"):
            sent = await session.call_tool(
                "send_telegram_event",
                {
                    "type": "task_completion",
                    "title": "Parser rewritten",
                    "description": "All **42** tests pass.",
                },
            )
            await asyncio.to_thread(see, sandbox, "Parser rewritten")
        with steps.step("agent: ask, until the card is on the phone"):
            question = {
                "question": "Push `main` to origin?",
                "options": ["Push", "Not yet"],
                "timeout_seconds": 60,
            }
            asking = asyncio.create_task(session.call_tool("ask", question))
            card = await asyncio.to_thread(see, sandbox, "Push `main` to origin?")
        with steps.step("person: tap Push, until the agent has the answer"):
            sandbox.control.tap(card["message_id"], "Push")
            answer = await asking
        await asyncio.to_thread(see, sandbox, "Push `main` to origin?", "Ada")
    return [("send_telegram_event", sent.structured_content), ("ask", answer.structured_content)]


def show(sandbox: Sandbox, results: list[tuple[str, Any]]) -> None:
    """Print what the phone shows and what the agent received."""
    sys.stdout.write("\nWhat the phone shows:\n")
    for message in sandbox.control.messages():
        sys.stdout.write("\n" + "".join(f"  | {line}\n" for line in message["text"].splitlines()))
    sys.stdout.write("\nWhat the agent got back:\n\n")
    for tool, content in results:
        sys.stdout.write(f"  {tool}: {json.dumps(content, ensure_ascii=False)}\n")


def main() -> int:
    """Run it; the exit code is 0 when all of it happened."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave it running until Ctrl-C")
    keep = parser.parse_args().keep
    steps = Steps()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cctelegram-demo-")))
        sys.stdout.write("CCTelegram, the whole path once:\n\n")
        with steps.step("start the sandbox"):
            sandbox = stack.enter_context(running_sandbox())
        home = make_home(folder / "home", sandbox, config="")
        with steps.step("start the bridge"):
            stack.enter_context(bridge(home))
        with steps.step("shell: echo an event in place, until it is on the phone"):
            echo(
                home,
                "build.json",
                '{"type":"build_failed","title":"Build #42 failed","data":{"exit_code":1}}',
            )
            see(sandbox, "Build #42 failed")
        with steps.step("shell: echo another one"):
            echo(home, "tests.json", '{"type":"test_passed","title":"Nightly","data":{"tests_passed":128}}')
            see(sandbox, "Nightly")
        results = asyncio.run(agent(home, sandbox, steps))
        show(sandbox, results)
        if keep:
            sys.stdout.write(
                f"\nStill running. The chat page:\n\n  {sandbox.page}\n\n"
                f"Write events into {home}/events, ask with\n\n"
                f'  {COMMAND} ask "Deploy?" --home {home}\n\nStop it with Ctrl-C.\n'
            )
            sys.stdout.flush()
            with contextlib.suppress(KeyboardInterrupt):
                signal.pause()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
