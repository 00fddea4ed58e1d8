"""What the doctor sees of a storage account, over Azurite."""

from datetime import UTC, datetime, timedelta

import pytest

from teams_rollout.cli.lab.ports import free_port
from teams_rollout.contracts.names import BATCH_QUEUE, TABLES, USERS_TABLE
from teams_rollout.ledger.ports import LedgerError
from teams_rollout.ledger.tables import TableLedger

pytestmark = pytest.mark.azurite


@pytest.fixture
async def open_ledger():
    opened = []

    def make(connection):
        opened.append(TableLedger.from_connection_string(connection))
        return opened[-1]

    yield make
    for ledger in opened:
        await ledger.close()


async def test_given_an_empty_account_when_inspected_then_everything_is_missing(
    open_ledger, storage_connection
):
    look = await open_ledger(storage_connection).inspect()

    assert set(TABLES) <= set(look.missing)
    assert BATCH_QUEUE in look.missing
    assert look.is_emulator


async def test_given_a_prepared_account_when_inspected_then_nothing_is_and_the_time_is_known(
    open_ledger, storage_connection
):
    ledger = open_ledger(storage_connection)
    await ledger.prepare()

    look = await ledger.inspect()

    assert look.missing == ()
    assert abs(look.time - datetime.now(UTC)) < timedelta(seconds=30)


async def test_given_nobody_home_when_inspected_then_the_error_names_the_address_and_the_cure(
    open_ledger, storage_connection
):
    port = free_port()
    nowhere = ";".join(
        f"{part.split('=')[0]}=http://127.0.0.1:{port}/account" if "Endpoint=" in part else part
        for part in storage_connection.split(";")
    )

    with pytest.raises(LedgerError, match=f"127.0.0.1:{port} could not be reached") as caught:
        await open_ledger(nowhere).inspect()

    assert "rollout lab up" in str(caught.value)
    assert USERS_TABLE not in str(caught.value)
