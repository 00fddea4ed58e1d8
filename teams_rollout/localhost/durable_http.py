"""The built-in HTTP activity behind `call_http` (localhost)."""

import json
from typing import Any

import aiohttp

from teams_rollout.localhost.invoke import FunctionFailedError


async def call_http(text: str) -> str:
    """Send the request that an orchestrator asked for, and return the response as JSON text.

    Args:
        text: `{"method", "uri", "content", "headers"}`.

    Raises:
        FunctionFailedError: the request asks for a token, or no answer came.
    """
    request: dict[str, Any] = json.loads(text)
    if request.get("tokenSource"):
        raise FunctionFailedError("NotSupportedException: this host has no managed identity", "")
    headers = {str(name): str(value) for name, value in (request.get("headers") or {}).items()}
    content = request.get("content")
    if content is not None and "content-type" not in {name.casefold() for name in headers}:
        headers["Content-Type"] = "application/json"
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                request["method"], request["uri"], data=content, headers=headers
            ) as response,
        ):
            body = await response.text()
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise FunctionFailedError(f"HttpRequestException: {error}", "") from error
    answer = {
        "statusCode": response.status,
        "headers": dict(response.headers),
        "content": body,
    }
    return json.dumps(answer)
