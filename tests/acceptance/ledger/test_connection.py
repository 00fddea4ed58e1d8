"""Queues, preparation, and what people read when storage is not there."""

import asyncio
import base64
import json

import pytest
from azure.storage.queue import QueueClient

from teams_rollout.contracts.names import BATCH_QUEUE, TABLES, WAKE_UP_QUEUE
from teams_rollout.ledger.connection import Storage
from teams_rollout.ledger.operations import put
from teams_rollout.ledger.ports import Ledger, LedgerError
from teams_rollout.ledger.tables import TableLedger

pytestmark = pytest.mark.azurite


def test_the_facade_is_a_whole_ledger(storage_connection: str) -> None:
    ledger: Ledger = TableLedger.from_connection_string(storage_connection)
    wanted = [name for name in dir(Ledger) if not name.startswith("_")]
    assert [name for name in wanted if not hasattr(ledger, name)] == []


async def test_preparing_twice_and_at_once_is_harmless(storage_connection: str) -> None:
    ledgers = [TableLedger.from_connection_string(storage_connection) for _ in range(3)]
    await asyncio.gather(*(ledger.prepare() for ledger in ledgers))
    await ledgers[0].prepare()
    assert await ledgers[1].find_rollout() is None
    for ledger in ledgers:
        await ledger.close()


async def test_a_closed_ledger_opens_again_on_the_next_call(ledger: TableLedger) -> None:
    await ledger.close()
    assert await ledger.find_rollout() is None


async def test_messages_are_base64_json_that_never_expires(
    ledger: TableLedger, storage_connection: str
) -> None:
    batch: dict[str, object] = {"schema_version": 1, "wave": "pilot", "batch": 3}
    await ledger.send_batch(batch)
    await ledger.send_wake_up("council:pilot:wave:1")
    for queue, expected in [
        (BATCH_QUEUE, batch),
        (WAKE_UP_QUEUE, {"schema_version": 1, "instance_id": "council:pilot:wave:1"}),
    ]:
        with QueueClient.from_connection_string(storage_connection, queue) as client:
            message = client.receive_message()
        assert message is not None
        assert json.loads(base64.b64decode(message.content)) == expected
        assert message.expires_on is not None
        assert message.expires_on.year > 9000


async def test_unprepared_storage_says_so(storage_connection: str) -> None:
    ledger = TableLedger.from_connection_string(storage_connection)
    with pytest.raises(LedgerError, match="prepare the ledger first"):
        await ledger.find_rollout()
    with pytest.raises(LedgerError, match="prepare the ledger first"):
        await ledger.send_wake_up("x")
    await ledger.close()


async def test_unreachable_storage_names_itself_and_the_cure_but_no_key(
    storage_connection: str,
) -> None:
    key = next(p for p in storage_connection.split(";") if p.startswith("AccountKey="))
    nowhere = ";".join(
        [
            "DefaultEndpointsProtocol=http",
            "AccountName=nowhere",
            key,
            "TableEndpoint=http://127.0.0.1:9/nowhere",
            "QueueEndpoint=http://127.0.0.1:9/nowhere",
        ]
    )
    ledger = TableLedger.from_connection_string(nowhere)
    for call in (ledger.find_rollout(), ledger.send_wake_up("x"), ledger.prepare()):
        with pytest.raises(LedgerError) as failure:
            await call
        assert "127.0.0.1:9" in str(failure.value)
        assert "rollout lab up" in str(failure.value)
        assert key.partition("=")[2] not in str(failure.value)
    await ledger.close()


async def test_a_wrong_key_is_told_apart_from_absence(storage_connection: str) -> None:
    parts = dict(p.split("=", 1) for p in storage_connection.split(";"))
    parts["AccountKey"] = base64.b64encode(b"another key").decode()
    wrong = ";".join(f"{name}={value}" for name, value in parts.items())
    ledger = TableLedger.from_connection_string(wrong)
    try:
        with pytest.raises(LedgerError, match="refused our sign-in"):
            await ledger.find_rollout()
        with pytest.raises(LedgerError, match="refused our sign-in"):
            await ledger.send_wake_up("x")
    finally:
        await ledger.close()


async def test_a_transaction_that_is_too_long_never_leaves(storage_connection: str) -> None:
    storage = Storage.from_connection_string(storage_connection)
    rows = [{"PartitionKey": "p", "RowKey": str(n)} for n in range(101)]
    with pytest.raises(ValueError, match="at most 100"):
        await storage.transact(TABLES[0], [put(row) for row in rows])
    await storage.close()
