"""The built-in HTTP activity behind `call_http` (localhost)."""

import json
from typing import Any, Final

import aiohttp
from azure.core.exceptions import ClientAuthenticationError

from teams_rollout.localhost.invoke import FunctionFailedError

_COMPLETED: Final = frozenset(
    {"https://management.core.windows.net", "https://graph.microsoft.com"}
)
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
        text: `{"method", "uri", "content", "headers", "tokenSource"}`.

    Raises:
        FunctionFailedError: no answer came, or no token that the request needs.
    """
    request: dict[str, Any] = json.loads(text)
    headers = {str(name): str(value) for name, value in (request.get("headers") or {}).items()}
    if request.get("tokenSource"):
        headers["Authorization"] = await _authorization(str(request["tokenSource"]["resource"]))
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


async def _authorization(resource: str) -> str:
    """Return the header for a resource: two names that the extension completes, or a scope."""
    from azure.identity.aio import DefaultAzureCredential  # noqa: PLC0415 - slow, seldom needed

    bare = resource.removesuffix("/")
    scope = f"{bare}/.default" if bare in _COMPLETED else resource
    try:
        async with DefaultAzureCredential() as credential:
            token = await credential.get_token(scope)
    except ClientAuthenticationError as error:
        reason = f"There is no token for {resource}: {error.message}"
        raise FunctionFailedError(reason, "") from error
    return f"Bearer {token.token}"


def _headers(response: aiohttp.ClientResponse) -> dict[str, str | list[str]]:
    """Return what .NET counts as headers of a response: one value as text, several as a list."""
    found: dict[str, str | list[str]] = {}
    for name in dict.fromkeys(response.headers):
        if name.casefold() not in _OF_THE_CONTENT:
            values = response.headers.getall(name)
            found[name] = values[0] if len(values) == 1 else values
    return found
