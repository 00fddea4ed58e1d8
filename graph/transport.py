"""One HTTP connection pool to Graph: sends what it is given, once, and never raises.

No retries here: an answer or the reason why there is none goes back as an `Answer`.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from graph.credentials import SignInError, TokenSource, is_loopback
from graph.wire import Answer, Failure

MAX_CONNECTIONS = 32
# A write waits at most a second for its connection: after a pause nothing may leave late.
WRITE_TIMEOUT = httpx.Timeout(60.0, connect=1.0, pool=1.0, write=2.0)
_READ_TIMEOUT = httpx.Timeout(60.0, connect=10.0, pool=10.0)


class Transport:
    """The connections of one process (one event loop) to one base URL."""

    def __init__(
        self,
        *,
        base_url: str,
        token: TokenSource,
        http_transport: httpx.AsyncBaseTransport | None = None,
        verify: bool | str = True,
    ) -> None:
        token.check(base_url)
        self.base_url = base_url.rstrip("/")
        self._token = token
        limits = httpx.Limits(max_connections=MAX_CONNECTIONS)
        self.client = httpx.AsyncClient(
            http2=True,
            limits=limits,
            transport=http_transport,
            verify=verify,
            trust_env=not is_loopback(base_url),  # a council's proxy is for the outside only
        )

    async def exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: bytes | None = None,
        is_write: bool,
    ) -> Answer:
        """Send one request and read its answer.

        Args:
            url: relative with a leading slash, or a nextLink of the same origin.
        """
        target = self._absolute(url)
        if target is None:
            return Answer(failure=Failure.UNREADABLE)
        try:
            sent = {**headers, "authorization": f"Bearer {await self._token.token()}"}
        except SignInError:
            return Answer(failure=Failure.SIGN_IN)
        timeout = WRITE_TIMEOUT if is_write else _READ_TIMEOUT
        try:
            response = await self.client.request(
                method, target, headers=sent, content=content, timeout=timeout
            )
        except httpx.HTTPError as error:
            return Answer(failure=failure_of(error))
        return self._answer(response)

    async def token(self) -> str:
        """The token that requests carry. Raises SignInError."""
        return await self._token.token()

    def forget_token(self) -> None:
        """The next request signs in again."""
        self._token.forget()

    async def close(self) -> None:
        """Close connections and credential."""
        await self.client.aclose()
        await self._token.close()

    def _absolute(self, url: str) -> str | None:
        """None for another origin: our token goes nowhere else, whatever an answer says."""
        if url.startswith("/"):
            return self.base_url + url
        ours, theirs = urlsplit(self.base_url), urlsplit(url)
        same = (ours.scheme, ours.netloc) == (theirs.scheme, theirs.netloc)
        return url if same else None

    @staticmethod
    def _answer(response: httpx.Response) -> Answer:
        headers = {name.lower(): value for name, value in response.headers.items()}
        body, readable = _parse(response.content)
        if not readable and response.is_success:
            return Answer(response.status_code, headers, failure=Failure.UNREADABLE)
        return Answer(response.status_code, headers, body)


def _parse(content: bytes) -> tuple[Any, bool]:
    if not content:
        return None, True
    try:
        return json.loads(content), True
    except ValueError:
        return None, False


def failure_of(error: httpx.HTTPError) -> Failure:
    """Certainly not sent, perhaps done, or broken off."""
    match error:
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout():
            return Failure.UNREACHABLE
        case httpx.TimeoutException():
            return Failure.TIMEOUT
        case _:
            return Failure.BROKEN
