"""The built-in HTTP activity behind `call_http` (localhost)."""

import json
from typing import Any, Final

import aiohttp

from teams_rollout.localhost.invoke import FunctionFailedError

_OF_THE_CONTENT: Final = frozenset(
    {
        "allow",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-length",
        "content-location",
        "content-md5",
        "content-range",
        "content-type",
        "expires",
        "last-modified",
    }
)


async def call_http(text: str) -> str:
    """Send the request that an orchestrator asked for, and return the response as JSON text.

    Args:
        text: `{"method", "uri", "content", "headers"}`.

    Raises:
        FunctionFailedError: the request asks for a token, or no answer came.
    """
    request: dict[str, Any] = json.loads(text)
    if request.get("tokenSource"):
        raise FunctionFailedError(
            "The request asks for a token of a managed identity, which this host does not have.", ""
        )
    headers = {str(name): str(value) for name, value in (request.get("headers") or {}).items()}
    content = request.get("content")
    if content is not None and "content-type" not in {name.casefold() for name in headers}:
        headers["Content-Type"] = "text/plain"
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                request["method"], request["uri"], data=content, headers=headers
            ) as response,
        ):
            body = await response.text()
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise FunctionFailedError(str(error) or type(error).__name__, "") from error
    answer = {"statusCode": response.status, "headers": _headers(response), "content": body}
    return json.dumps(answer)


def _headers(response: aiohttp.ClientResponse) -> dict[str, str | list[str]]:
    """Return what .NET counts as headers of a response: one value as text, several as a list."""
    found: dict[str, str | list[str]] = {}
    for name in dict.fromkeys(response.headers):
        if name.casefold() not in _OF_THE_CONTENT:
            values = response.headers.getall(name)
            found[name] = values[0] if len(values) == 1 else values
    return found
