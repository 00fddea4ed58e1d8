"""A prepared ledger on an empty account, and invented people."""

from collections.abc import AsyncIterator

import pytest

from teams_rollout.ledger.tables import TableLedger


@pytest.fixture
async def ledger(storage_connection: str) -> AsyncIterator[TableLedger]:
    """A ledger whose tables and queues exist and are empty."""
    opened = TableLedger.from_connection_string(storage_connection)
    await opened.prepare()
    yield opened
    await opened.close()
