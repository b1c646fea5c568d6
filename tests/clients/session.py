"""A real MCP client: the official Python library over stdio, told what to call by JSON lines on its own stdin.

    python session.py COMMAND ARGS...      the MCP server to run, such as `consentry connect files`

Lines in:  {"tool": NAME, "arguments": {...}}
Lines out: {"ready": [TOOL, ...]}      once the server lists tools; until then it waits for `list_changed`
           {"sent_at": MS}             just before a call goes out
           {"is_error": BOOL, "text": TEXT, "returned_at": MS}   when its result came back
Times are milliseconds since 1970-01-01 UTC. Ends when its stdin ends.
"""

import asyncio
import json
import os
import sys
import time

from mcp import ClientSession, StdioServerParameters, types
from mcp.client.stdio import stdio_client


def say(**line: object) -> None:
    print(json.dumps(line), flush=True)


def now() -> float:
    return time.time() * 1000


async def wait_for_tools(session: ClientSession, changed: asyncio.Event) -> list[str]:
    """An untrusted server lists nothing; the list changes when the person has said yes."""
    while True:
        changed.clear()
        names = [tool.name for tool in (await session.list_tools()).tools]
        if names:
            return names
        await changed.wait()


async def call(session: ClientSession, request: dict) -> None:
    say(sent_at=now())
    try:
        result = await session.call_tool(request["tool"], request["arguments"])
    except Exception as error:  # A refusal may come as a protocol error: it is an answer all the same.
        say(is_error=True, text=str(error), returned_at=now())
        return
    text = "\n".join(block.text for block in result.content if isinstance(block, types.TextContent))
    say(is_error=bool(result.is_error), text=text, returned_at=now())


async def main() -> None:
    changed = asyncio.Event()

    async def hear(message: object) -> None:
        if isinstance(message, types.ToolListChangedNotification):
            changed.set()

    server = StdioServerParameters(command=sys.argv[1], args=sys.argv[2:], env=dict(os.environ))
    async with stdio_client(server) as (read, write), ClientSession(read, write, message_handler=hear) as session:
        await session.initialize()
        say(ready=await wait_for_tools(session, changed))
        while line := await asyncio.to_thread(sys.stdin.readline):
            await call(session, json.loads(line))


asyncio.run(main())
