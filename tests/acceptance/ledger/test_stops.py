"""What is stopped, and the row of shared quotas, in real storage."""

import time

import pytest

from teams_rollout.ledger.ports import Conflict
from teams_rollout.ledger.stops import EVERYTHING
from teams_rollout.ledger.tables import TableLedger

pytestmark = pytest.mark.azurite
NOBODY = (
    "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;"
    "TableEndpoint=http://127.0.0.1:9/a;QueueEndpoint=http://127.0.0.1:9/a"
)


async def test_given_a_freeze_when_read_then_it_is_there_until_it_is_taken_back(
    ledger: TableLedger,
) -> None:
    assert await ledger.stopped() == {}
    before = await ledger.get_stops()

    frozen = await ledger.save_stops(before.model_copy(update={"names": frozenset({EVERYTHING})}))

    assert await ledger.stopped() == {EVERYTHING: False}
    with pytest.raises(Conflict):
        await ledger.save_stops(before)
    await ledger.save_stops(frozen.model_copy(update={"names": frozenset()}))
    assert await ledger.stopped() == {}


async def test_given_a_row_of_quotas_when_two_replace_it_then_the_later_reads_again(
    ledger: TableLedger,
) -> None:
    ours, theirs, others = ledger.quotas("a"), ledger.quotas("a"), ledger.quotas("b")
    assert (await ours.read())[:2] == ("", "")

    written = await ours.replace("first" * 20_000, version="")
    assert written is not None
    assert await theirs.replace("lost", version="") is None
    text, version, server = await theirs.read()
    replaced = await theirs.replace("second", version=version)

    assert (text, version) == ("first" * 20_000, written[0])
    assert replaced is not None
    assert await ours.replace("lost", version=written[0]) is None
    assert (await ours.read())[0] == "second"
    assert (await others.read())[0] == ""
    for clock in (server, written[1], replaced[1]):
        assert clock is not None
        assert abs(clock - time.time()) < 5


async def test_given_no_storage_when_asked_then_it_is_said_as_a_broken_connection() -> None:
    ledger = TableLedger.from_connection_string(NOBODY)

    with pytest.raises(ConnectionError):
        await ledger.quotas("a").read()
    with pytest.raises(ConnectionError):
        await ledger.quotas("a").replace("x", version="")
    with pytest.raises(ConnectionError):
        await ledger.stopped()
    await ledger.close()
