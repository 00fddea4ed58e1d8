"""One process's connection to its storage account: rows, transactions, queues, and clear errors.

The SDK's own retries are the only ones, few and short; what still fails becomes a `LedgerError`
in words. No message holds a key, a token or a person.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Self, cast
from urllib.parse import urlsplit

from azure.core import MatchConditions
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient, TableServiceClient
from azure.storage.queue import TextBase64EncodePolicy
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from teams_rollout.ledger.codec import Row
from teams_rollout.ledger.operations import TRANSACTION_LIMIT, Operation
from teams_rollout.ledger.ports import Conflict, LedgerError, NotFound

# Nobody home is said within about a second; a busy service gets four chances in four seconds.
_TABLE_RETRIES: dict[str, Any] = {
    "retry_total": 4,
    "retry_connect": 2,
    "retry_backoff_factor": 0.25,
    "retry_backoff_max": 2,
}
_QUEUE_RETRIES: dict[str, Any] = {
    "retry_total": 4,
    "retry_connect": 1,
    "initial_backoff": 0,
    "increment_base": 1,
    "random_jitter_range": 1,
}
_PEEK = 32  # the service allows no more at once


class Storage:
    """Tables and queues of one account; clients are made on first use, in the running loop."""

    def __init__(
        self,
        *,
        open_tables: Callable[[], TableServiceClient],
        open_queues: Callable[[], QueueServiceClient],
    ) -> None:
        self._open_tables = open_tables
        self._open_queues = open_queues
        self._table_service: TableServiceClient | None = None
        self._queue_service: QueueServiceClient | None = None
        self._tables: dict[str, TableClient] = {}
        self._queues: dict[str, QueueClient] = {}

    @classmethod
    def from_connection_string(cls, connection: str) -> Self:
        """Connect with an account key or SAS, as Azurite and the Functions host give it."""
        return cls(
            open_tables=lambda: TableServiceClient.from_connection_string(
                connection, **_TABLE_RETRIES
            ),
            open_queues=lambda: QueueServiceClient.from_connection_string(
                connection, **_QUEUE_RETRIES
            ),
        )

    @classmethod
    def from_account(
        cls, *, table_url: str, queue_url: str, credential: AsyncTokenCredential
    ) -> Self:
        """Connect as an identity; the credential stays the caller's to close."""
        return cls(
            open_tables=lambda: TableServiceClient(
                table_url, credential=credential, **_TABLE_RETRIES
            ),
            open_queues=lambda: QueueServiceClient(
                queue_url, credential=credential, **_QUEUE_RETRIES
            ),
        )

    async def close(self) -> None:
        """Close the sockets; a later call opens new ones."""
        tables, queues = self._table_service, self._queue_service
        self._table_service = self._queue_service = None
        self._tables, self._queues = {}, {}
        if tables is not None:
            await tables.close()
        if queues is not None:
            await queues.close()

    async def create_table(self, name: str) -> None:
        """Create the table unless it exists."""
        service = self._service()
        with _in_words(service.url):
            await service.create_table_if_not_exists(name)

    async def create_queue(self, name: str) -> None:
        """Create the queue unless it exists."""
        client = self._queue(name)
        try:
            with _in_words(client.url):
                await client.create_queue()
        except Conflict:
            return

    async def list_names(self) -> tuple[set[str], str, str]:
        """Names of all tables and queues, the Date header of the answer, and the host's name."""
        service = self._service()
        dates: list[str] = []

        def note(answer: Any) -> None:
            dates.append(answer.http_response.headers.get("Date") or "")

        names: set[str] = set()
        with _in_words(service.url):
            async for table in service.list_tables(raw_response_hook=note):
                names.add(table.name)
        queues = self._queues_of()
        with _in_words(queues.url):
            async for queue in queues.list_queues():
                names.add(queue.name)
        return names, dates[-1] if dates else "", urlsplit(service.url).hostname or ""

    async def read(self, table: str, partition: str, row: str) -> Row | None:
        """One row by its keys, with its etag under `etag`, or None."""
        return (await self.read_dated(table, partition, row))[0]

    async def read_dated(
        self, table: str, partition: str, row: str
    ) -> tuple[Row | None, datetime | None]:
        """The same, with the service's own time (whole seconds)."""
        client = self._table(table)
        dates: list[datetime] = []

        def keep_date(response: Any) -> None:
            if text := response.http_response.headers.get("Date"):
                dates.append(parsedate_to_datetime(text))

        try:
            with _in_words(client.url):
                entity = await client.get_entity(partition, row, raw_response_hook=keep_date)
                found: Row | None = _with_etag(entity)
        except NotFound:
            found = None
        return found, dates[-1] if dates else None

    async def query(
        self, table: str, query: str, *, select: Sequence[str] | None = None
    ) -> AsyncIterator[Row]:
        """All rows that match, in key order, page by page."""
        client = self._table(table)
        with _in_words(client.url):
            names = list(select) if select else None
            async for entity in client.query_entities(query, select=names):
                yield _with_etag(entity)

    async def first_page(self, table: str, query: str, *, limit: int) -> list[Row]:
        """The first rows that match, in key order, by exactly one request."""
        client = self._table(table)
        with _in_words(client.url):
            pages = client.query_entities(query, results_per_page=limit).by_page()
            async for page in pages:
                return [_with_etag(entity) async for entity in page]
        return []

    async def save(self, table: str, row: Row, *, etag: str) -> str:
        """Insert (empty etag) or replace exactly that version; returns the new etag.

        Raises:
            Conflict: the row exists already, or has changed since.
        """
        return (await self.save_dated(table, row, etag=etag))[0]

    async def save_dated(self, table: str, row: Row, *, etag: str) -> tuple[str, datetime | None]:
        """The same, with the service's own time (whole seconds)."""
        client = self._table(table)
        try:
            with _in_words(client.url):
                if not etag:
                    answer = await client.create_entity(row)
                else:
                    answer = await client.update_entity(
                        row,
                        mode=UpdateMode.REPLACE,
                        etag=etag,
                        match_condition=MatchConditions.IfNotModified,
                    )
        except NotFound as error:
            raise Conflict("the row was removed in the meantime: read again") from error
        return str(answer["etag"]), answer.get("date")

    async def transact(self, table: str, operations: Sequence[Operation]) -> None:
        """Apply all operations, which share one partition, or none.

        Raises:
            Conflict: an insert met a row, or a version was no longer current.
            ValueError: more than 100 operations.
        """
        if len(operations) > TRANSACTION_LIMIT:
            raise ValueError(f"{len(operations)} operations; a transaction holds at most 100")
        if not operations:
            return
        client = self._table(table)
        with _in_words(client.url):
            await client.submit_transaction(operations)

    async def send(self, queue: str, text: str) -> None:
        """Put one message on a queue, base64, never expiring."""
        client = self._queue(queue)
        with _in_words(client.url):
            await client.send_message(text, time_to_live=-1)

    async def look_at_queue(self, queue: str) -> tuple[int, list[datetime]]:
        """About how many messages there are, and when the next ones were put there."""
        client = self._queue(queue)
        with _in_words(client.url):
            try:
                properties = await client.get_queue_properties()
                waiting = await client.peek_messages(max_messages=_PEEK)
            except ResourceNotFoundError:
                return 0, []
        times = [message.inserted_on for message in waiting if message.inserted_on]
        return properties.approximate_message_count or 0, times

    def _service(self) -> TableServiceClient:
        if self._table_service is None:
            self._table_service = self._open_tables()
        return self._table_service

    def _table(self, name: str) -> TableClient:
        if name not in self._tables:
            self._tables[name] = self._service().get_table_client(name)
        return self._tables[name]

    def _queues_of(self) -> QueueServiceClient:
        if self._queue_service is None:
            self._queue_service = self._open_queues()
        return self._queue_service

    def _queue(self, name: str) -> QueueClient:
        if name not in self._queues:
            self._queues[name] = self._queues_of().get_queue_client(
                name, message_encode_policy=TextBase64EncodePolicy()
            )
        return self._queues[name]


def in_partition(partition: str, *, start: str = "", end: str = "") -> str:
    """Filter: one partition, row keys from `start` up to but not including `end`."""
    parts = [f"PartitionKey eq {_quoted(partition)}"]
    if start:
        parts.append(f"RowKey ge {_quoted(start)}")
    if end:
        parts.append(f"RowKey lt {_quoted(end)}")
    return " and ".join(parts)


def in_partitions(bounds: tuple[str, str], *, start: str, end: str) -> str:
    """Filter: the same range of row keys in a range of partitions."""
    low, high = bounds
    return (
        f"PartitionKey ge {_quoted(low)} and PartitionKey lt {_quoted(high)} "
        f"and RowKey ge {_quoted(start)} and RowKey lt {_quoted(end)}"
    )


def _quoted(value: str) -> str:
    escaped = value.replace("'", "''")
    return f"'{escaped}'"


def _with_etag(entity: Any) -> Row:
    row = cast(Row, dict(entity))
    row["etag"] = (entity.metadata or {}).get("etag") or ""
    return row


@contextmanager
def _in_words(url: str) -> Iterator[None]:
    host = urlsplit(url).netloc
    try:
        yield
    except (ServiceRequestError, ServiceResponseError) as error:
        raise LedgerError(
            f"The storage at {host} could not be reached. On a laptop start it with "
            "`rollout lab up`; in Azure check the account's address and its firewall."
        ) from error
    except HttpResponseError as error:
        raise _refusal(host, error) from error


def _refusal(host: str, error: HttpResponseError) -> LedgerError:
    code = getattr(error, "error_code", None) or ""
    code = str(getattr(code, "value", code))  # an enum, a text or nothing, as the SDK likes
    if code.endswith(("TableNotFound", "QueueNotFound")):
        return LedgerError(f"The storage at {host} is empty: prepare the ledger first.")
    if error.status_code in (401, 403):
        return LedgerError(
            f"The storage at {host} refused our sign-in ({error.status_code} {code}). Check the "
            "connection string, or the identity's Table and Queue Data Contributor roles."
        )
    if error.status_code == 404:
        return NotFound("there is no such row")
    if isinstance(error, ResourceExistsError) or error.status_code in (409, 412):
        return Conflict("somebody else changed the row first: read again and decide again")
    return LedgerError(f"The storage at {host} refused a request ({error.status_code} {code}).")
