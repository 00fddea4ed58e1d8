"""Cards for a channel, through a Teams workflow's own address: not Graph, and no sign-in.

The address is the secret. Microsoft answers 202 and posts later, so that an answer proves no more
than that the card was taken. Source: learn.microsoft.com/microsoftteams/platform/webhooks-and-
connectors/how-to/add-incoming-webhook (workflows, 28 KB).
"""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from graph.credentials import is_loopback
from graph.delivery import Delivery, certainty_of
from graph.errors import WritesForbidden, classify
from graph.transport import WRITE_TIMEOUT, failure_of
from graph.wire import Answer, Failure

CHANNEL = "channel"
_CARD = "application/vnd.microsoft.card.adaptive"


class CardChannel:
    """One channel of Teams; connections are made for each card, which are few.

    Args:
        url: the workflow's address; never shown, logged or stored.
        guard: as of `GraphSession`: raises `WritesForbidden` while writing is stopped.
        http_transport: replaced in tests; None = the network.
    """

    def __init__(
        self,
        url: str,
        *,
        guard: Callable[[], Awaitable[None]],
        http_transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url, self._guard, self._http_transport = url, guard, http_transport

    @property
    def is_simulated(self) -> bool:
        """Whether the address leads to this machine."""
        return is_loopback(self._url)

    async def post(
        self, content: dict[str, Any], *, first: Callable[[], Awaitable[None]]
    ) -> Delivery:
        """Post one Adaptive Card, once.

        Args:
            content: the card itself.
            first: done right before the guard and the sending.
        """
        message = {
            "type": "message",
            "attachments": [{"contentType": _CARD, "contentUrl": None, "content": content}],
        }
        try:
            await first()
            await self._guard()
        except WritesForbidden:
            answer = Answer(failure=Failure.FORBIDDEN)
        else:
            answer = await self._send(message)
        return Delivery(certainty_of(answer), classify(answer, key=CHANNEL))

    async def _send(self, message: dict[str, Any]) -> Answer:
        try:
            async with httpx.AsyncClient(
                transport=self._http_transport,
                timeout=WRITE_TIMEOUT,
                trust_env=not self.is_simulated,
            ) as client:
                response = await client.post(self._url, json=message)
        except httpx.InvalidURL:
            return Answer(failure=Failure.UNREACHABLE)
        except httpx.HTTPError as error:
            return Answer(failure=failure_of(error))
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(status=response.status_code, headers=headers)
