"""The session: how requests leave for Graph, singly or in `$batch` envelopes.

One per process and event loop. Requests are built with msgraph-sdk's builders (`sdk`) and sent
by our own transport: permit from the governor, write guard, send, learn. In place are repeated
only what was certainly not carried out (a short throttling, an expired token, no connection;
once) and reads (a few times); everything longer goes back to the caller as data, and a write
whose fate is unknown is never sent again here.
"""

import asyncio
import copy
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import httpx
from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from kiota_abstractions.request_information import RequestInformation
from opentelemetry.trace import NoOpTracer
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_random_exponential

from graph.batch import decode, encode, envelopes_of, rounds_of
from graph.credentials import SignInError, TokenSource
from graph.errors import GraphReadError, WritesForbidden, classify
from graph.governor import Governor, PermitDelayedError
from graph.limits import CallPriority, RequestCost
from graph.signals import call_of, count_answer, count_wait
from graph.transport import Transport
from graph.wire import Answer, Failure, GraphRequest, from_sdk

if TYPE_CHECKING:
    from msgraph.graph_service_client import GraphServiceClient

logger = logging.getLogger(__name__)

SHORT_WAIT_S = 5.0
"""Waits up to this long are made here; longer ones are the caller's (a durable timer)."""

_PARALLEL_ENVELOPES = 4
_IN_FLIGHT = 24  # below the transport's connections, so that no write waits for one
_THROTTLE_PRIORITY = {CallPriority.INTERACTIVE: "High", CallPriority.NIGHTLY: "Low"}
_BATCH_HEADERS = {"content-type": "application/json", "accept": "application/json"}
_backoff = wait_random_exponential(multiplier=0.3, max=SHORT_WAIT_S)


@dataclass
class SessionStats:
    """What was sent since the session began; items of a `$batch` count one each."""

    requests: int = 0
    writes: int = 0
    throttled: int = 0


async def _always() -> None:
    """The guard of whoever needs none."""


class GraphSession:
    """Sends requests under the governor's permits.

    Args:
        base_url: e.g. `https://graph.microsoft.com/v1.0`.
        write_guard: awaited after permits and right before anything that writes is sent;
            raises `WritesForbidden` to stop it (the change comes back as throttled, `paused`).
        max_retries: how often a read is repeated.
        sleep: replaced in tests.
        http_transport: replaced in tests; None = the network.
        verify: TLS verification, or the path of a CA bundle.
    """

    def __init__(
        self,
        *,
        base_url: str,
        token: TokenSource,
        governor: Governor,
        write_guard: Callable[[], Awaitable[None]] | None = None,
        max_retries: int = 3,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        http_transport: httpx.AsyncBaseTransport | None = None,
        verify: bool | str = True,
    ) -> None:
        self._transport = Transport(
            base_url=base_url, token=token, http_transport=http_transport, verify=verify
        )
        self.base_url = self._transport.base_url
        self.governor = governor
        self.stats = SessionStats()
        self.sdk = self._builders()
        self.policy_ids: dict[tuple[str, str], str] = {}
        self._guard = write_guard or _always
        self._max_retries = max_retries
        self._sleep = sleep
        self._priority = CallPriority.WAVE
        self._in_flight = asyncio.Semaphore(_IN_FLIGHT)

    def at(self, priority: CallPriority) -> "GraphSession":
        """The same session (connections, permits, counters) with another place in the queue."""
        other = copy.copy(self)
        other._priority = priority
        return other

    def behind(self, first: Callable[[], Awaitable[None]]) -> "GraphSession":
        """The same session, whose writes do `first` after their permit and before the guard.

        For one more guard, and for what must be written down before something is sent that nobody
        could take back: as late as possible, so that a process that dies while it waits leaves
        nothing in doubt.

        Args:
            first: may run twice for one write (it is repeated where it was certainly not carried
                out); raises `WritesForbidden` to stop it.
        """
        other = copy.copy(self)
        guard = self._guard

        async def first_then_guard() -> None:
            await first()
            await guard()

        other._guard = first_then_guard
        return other

    async def check_writes(self) -> None:
        """Ask the guards without sending anything. Raises WritesForbidden."""
        await self._guard()

    async def close(self) -> None:
        """Close connections and credential; the views made by `at` end with it."""
        await self._transport.close()

    async def token(self) -> str:
        """The token in use, for telling people what it allows.

        Raises:
            GraphReadError: `sign_in_failed`.
        """
        try:
            return await self._transport.token()
        except SignInError as error:
            raise GraphReadError(classify(Answer(failure=Failure.SIGN_IN), key="")) from error

    def request(
        self,
        information: RequestInformation,
        *,
        cost: RequestCost,
        target: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> GraphRequest:
        """Make what an SDK builder built into a request of ours; see `GraphRequest`."""
        return from_sdk(
            information, base_url=self.base_url, cost=cost, target=target, headers=headers
        )

    async def read(self, request: GraphRequest) -> Answer:
        """Send a read; a 404 is an answer, too.

        Raises:
            GraphReadError: it failed, or Microsoft asked for a wait of more than 5 s.
        """
        attempts = AsyncRetrying(
            stop=stop_after_attempt(1 + self._max_retries),
            wait=_read_wait,
            retry=retry_if_exception(_is_short),
            sleep=self._sleep,
            reraise=True,
        )
        async for attempt in attempts:
            with attempt:
                answer = await self._send(request)
                if answer.status == 404 or _is_complete(answer):
                    return answer
                raise GraphReadError(classify(_as_read(answer), key=""))
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def write(self, request: GraphRequest) -> Answer:
        """Send one change; a short throttling or an expired token is repeated once."""
        answer = await self._send(request)
        return await self._send(request) if self._may_repeat(answer) else answer

    async def write_many(self, requests: Sequence[GraphRequest]) -> list[Answer]:
        """Send changes in `$batch` envelopes, several at a time; answers in the order given."""
        answers = await self._pass(requests)
        again = [index for index, answer in enumerate(answers) if self._may_repeat(answer)]
        if again:
            repeated = await self._pass([requests[index] for index in again])
            for index, answer in zip(again, repeated, strict=True):
                answers[index] = answer
        return answers

    async def _pass(self, requests: Sequence[GraphRequest]) -> list[Answer]:
        answers = [Answer(failure=Failure.UNANSWERED)] * len(requests)
        parallel = asyncio.Semaphore(_PARALLEL_ENVELOPES)

        async def send(envelope: list[int]) -> None:
            async with parallel:
                found = await self._send_envelope([requests[index] for index in envelope])
            for index, answer in zip(envelope, found, strict=True):
                answers[index] = answer

        for turn in rounds_of(requests):
            size_of = self.governor.envelope_size
            async with asyncio.TaskGroup() as group:
                for envelope in envelopes_of(turn, requests=requests, size_of=size_of):
                    group.create_task(send(envelope))
        return answers

    async def _send_envelope(self, requests: Sequence[GraphRequest]) -> list[Answer]:
        first = requests[0].cost
        whole = replace(
            first,
            requests=len(requests),
            resource_units=sum(request.cost.resource_units for request in requests),
        )
        envelope = GraphRequest(
            "POST", "/$batch", whole, "", _BATCH_HEADERS, encode(requests), route="/$batch"
        )
        answer = await self._exchange(envelope, items=requests)
        answers = decode(answer, size=len(requests))
        learnt = answers if answer.is_success else [answer]
        for one in learnt:
            await self._learn(first, answer=one)
        return answers

    async def _send(self, request: GraphRequest) -> Answer:
        answer = await self._exchange(request)
        await self._learn(request.cost, answer=answer)
        return answer

    async def _exchange(
        self, request: GraphRequest, *, items: Sequence[GraphRequest] = ()
    ) -> Answer:
        """Permit, then guard, then send: nothing leaves on the strength of an old look."""
        cost = request.cost.at(self._priority)
        began = time.monotonic()
        try:
            await self.governor.acquire(cost)
        except PermitDelayedError as delayed:
            return Answer(failure=Failure.DELAYED, wait_s=delayed.seconds)
        finally:
            count_wait(cost, seconds=time.monotonic() - began)
        async with self._in_flight:
            if request.is_write:
                try:
                    await self._guard()
                except WritesForbidden:
                    return Answer(failure=Failure.FORBIDDEN)
            self.stats.requests += cost.requests
            self.stats.writes += cost.requests if request.is_write else 0
            return await self._call(request, items=items)

    async def _call(self, request: GraphRequest, *, items: Sequence[GraphRequest]) -> Answer:
        with call_of(request, base_url=self.base_url, items=items) as call:
            own = {"client-request-id": call.client_request_id, **self._priority_header()}
            answer = await self._transport.exchange(
                request.method,
                request.url,
                headers={**request.headers, **own},
                content=request.content,
                is_write=request.is_write,
            )
            call.answered(answer, items=len(items))
            return answer

    async def _learn(self, cost: RequestCost, *, answer: Answer) -> None:
        """Tell the governor what Microsoft said, so that the next permit comes later."""
        if answer.status == 401:
            self._transport.forget_token()
        self.governor.observe(cost, status=answer.status, headers=answer.headers)
        count_answer(cost, answer)
        if answer.is_throttled:
            self.stats.throttled += 1
            scope = answer.headers.get("x-ms-throttle-scope", "")
            await self.governor.penalise(cost, seconds=answer.retry_after_s, scope=scope)
            logger.warning(
                "Microsoft asked us to slow down",
                extra={
                    "action": "graph_throttled",
                    "kind": cost.kind.value,
                    "wait_s": answer.retry_after_s,
                    "scope": scope.rsplit("/", 2)[0],
                    "request_id": answer.request_id,
                },
            )

    @staticmethod
    def _may_repeat(answer: Answer) -> bool:
        """Certainly not carried out, and soon allowed; the governor makes the wait."""
        if answer.status == 401 or answer.failure is Failure.UNREACHABLE:
            return True
        wait = answer.retry_after_s
        return answer.is_throttled and wait is not None and wait <= SHORT_WAIT_S

    def _priority_header(self) -> dict[str, str]:
        name = _THROTTLE_PRIORITY.get(self._priority)
        return {"x-ms-throttle-priority": name} if name else {}

    def _builders(self) -> "GraphServiceClient":
        """The SDK as a maker of requests; its adapter never sends one."""
        # Imported on first use: the two cost a third of a second at every start of a worker.
        from kiota_abstractions import request_information  # noqa: PLC0415
        from msgraph.graph_request_adapter import GraphRequestAdapter  # noqa: PLC0415
        from msgraph.graph_service_client import GraphServiceClient  # noqa: PLC0415

        # Two spans for every request that is built would bury those of the requests that are sent.
        request_information.tracer = NoOpTracer()
        adapter = GraphRequestAdapter(
            AnonymousAuthenticationProvider(), client=self._transport.client
        )
        adapter.base_url = self.base_url
        return GraphServiceClient(request_adapter=adapter)


def _is_complete(answer: Answer) -> bool:
    return answer.is_success and answer.failure is Failure.NONE


def _as_read(answer: Answer) -> Answer:
    """A 2xx that cannot be read counts as no answer when reading."""
    return replace(answer, status=0) if answer.is_success else answer


def _is_short(error: BaseException) -> bool:
    if not isinstance(error, GraphReadError) or not error.result.outcome.is_retryable:
        return False
    wait = error.retry_after
    return wait is None or wait.total_seconds() <= SHORT_WAIT_S


def _read_wait(state: RetryCallState) -> float:
    """Microsoft's own time, else a random one that grows."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, GraphReadError) and error.retry_after is not None:
        return error.retry_after.total_seconds()
    return _backoff(state)
