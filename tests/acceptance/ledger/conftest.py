"""A prepared ledger on an empty account, and invented people."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from teams_rollout.domain.observed import ObservedUser
from teams_rollout.domain.roster import Assignment, UserKey
from teams_rollout.ledger.records import UserRecord
from teams_rollout.ledger.tables import TableLedger


@pytest.fixture
async def ledger(storage_connection: str) -> AsyncIterator[TableLedger]:
    """A ledger whose tables and queues exist and are empty."""
    opened = TableLedger.from_connection_string(storage_connection)
    await opened.prepare()
    yield opened
    await opened.close()


@pytest.fixture
def make_people() -> Callable[..., list[UserRecord]]:
    """Build people with refs from 1, a hundred to a shard."""

    def make(number: int, *, rollout: str = "council", **record: Any) -> list[UserRecord]:
        return [_person(n, rollout, record) for n in range(1, number + 1)]

    return make


def _person(number: int, rollout: str, record: dict[str, Any]) -> UserRecord:
    upn = f"sample.person{number}@council.example"
    return UserRecord(
        **{
            "key": UserKey(shard=f"{rollout}:{(number - 1) // 100 + 1:04}", ref=f"u{number:06}"),
            "assignment": Assignment(line=number + 1, upn=upn, wave="Pilot", profile="office"),
            "wave": "pilot",
            "observed": ObservedUser(id=f"id-{number}", upn=upn, display_name=f"Name {number}"),
        }
        | record
    )
