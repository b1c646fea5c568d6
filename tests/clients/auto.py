"""A real MCP client that finds out by itself which era its server is of: the official Python library's `Client`.

    python auto.py TOOL ARGUMENTS COMMAND ARGS...

Calls one tool and prints one line: {"revision", "tools", "is_error", "text"}.
"""

import asyncio
import json
import os
import sys

from mcp import Client, StdioServerParameters, types


async def main() -> None:
    server = StdioServerParameters(command=sys.argv[3], args=sys.argv[4:], env=dict(os.environ))
    async with Client(server) as client:
        tools = [tool.name for tool in (await client.list_tools()).tools]
        result = await client.call_tool(sys.argv[1], json.loads(sys.argv[2]))
        text = "\n".join(block.text for block in result.content if isinstance(block, types.TextContent))
        line = {"revision": client.protocol_version, "tools": tools, "is_error": bool(result.is_error), "text": text}
        print(json.dumps(line), flush=True)


asyncio.run(main())
