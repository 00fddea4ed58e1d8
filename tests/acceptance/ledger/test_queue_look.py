"""A look at the queues, over Azurite."""

from datetime import UTC, datetime, timedelta

import pytest

from teams_rollout.contracts import names
from teams_rollout.ledger.tables import TableLedger

pytestmark = pytest.mark.azurite


async def test_given_messages_when_looked_at_then_they_are_counted_dated_and_left_there(
    storage_connection,
):
    ledger = TableLedger.from_connection_string(storage_connection)
    try:
        await ledger.prepare()
        await ledger.send_wake_up("council:pilot:dispatch:1")
        await ledger.send_wake_up("council:pilot:dispatch:1")

        first = {look.name: look for look in await ledger.look_at_queues()}
        second = {look.name: look for look in await ledger.look_at_queues()}
    finally:
        await ledger.close()

    waiting = first[names.WAKE_UP_QUEUE]
    assert waiting.messages == 2
    assert waiting.oldest_at is not None
    assert abs(datetime.now(UTC) - waiting.oldest_at) < timedelta(minutes=5)
    assert (first[names.BATCH_QUEUE].messages, first[names.BATCH_QUEUE].oldest_at) == (0, None)
    # nobody has made this one: the host does when it needs it
    assert first[names.WAKE_UP_POISON_QUEUE].messages == 0
    assert second == first
