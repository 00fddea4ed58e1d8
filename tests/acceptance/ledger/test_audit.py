"""The audit: in order, complete, and tampering shows."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient

from teams_rollout.contracts.names import AUDIT_TABLE
from teams_rollout.ledger.audit import AuditCheck
from teams_rollout.ledger.records import AuditEntry
from teams_rollout.ledger.tables import TableLedger

pytestmark = pytest.mark.azurite

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def entry(number: int) -> AuditEntry:
    return AuditEntry(
        at=NOW + timedelta(seconds=number), actor="sam", action="start", target=f"wave-{number}"
    )


async def write(ledger: TableLedger, number: int) -> None:
    for n in range(1, number + 1):
        await ledger.append_audit("council", entry(n))


async def test_entries_are_listed_newest_first_up_to_the_limit(ledger: TableLedger) -> None:
    assert await ledger.list_audit("council") == []
    await write(ledger, 5)
    assert await ledger.list_audit("council") == [entry(n) for n in (5, 4, 3, 2, 1)]
    assert await ledger.list_audit("council", limit=2) == [entry(5), entry(4)]
    assert await ledger.list_audit("other") == []


async def test_an_untouched_chain_holds_even_when_many_write_at_once(ledger: TableLedger) -> None:
    assert await ledger.verify_audit("council") == AuditCheck(entries=0)
    await asyncio.gather(*(ledger.append_audit("council", entry(n)) for n in range(6)))
    assert len(await ledger.list_audit("council")) == 6
    assert await ledger.verify_audit("council") == AuditCheck(entries=6)


async def row_of(table: TableClient, number: int) -> dict[str, Any]:
    query = f"PartitionKey eq 'council' and sequence eq {number} and RowKey ne 'head'"
    (row,) = [row async for row in table.query_entities(query)]
    return row


@pytest.mark.parametrize("number", [1, 3, 5])
@pytest.mark.parametrize("tampering", ["change", "remove"])
async def test_changing_or_removing_an_entry_breaks_the_chain_there(
    tampering: str, number: int, ledger: TableLedger, storage_connection: str
) -> None:
    await write(ledger, 5)
    async with TableClient.from_connection_string(storage_connection, AUDIT_TABLE) as table:
        row = await row_of(table, number)
        if tampering == "remove":
            await table.delete_entity(row["PartitionKey"], row["RowKey"])
        else:
            row["doc0"] = row["doc0"].replace("sam", "eve")
            await table.update_entity(row, mode=UpdateMode.REPLACE)
    assert (await ledger.verify_audit("council")).broken_at == number
