"""Invented people for the ledger's pure parts."""

from collections.abc import Callable
from typing import Any

import pytest

from teams_rollout.domain.observed import ObservedUser
from teams_rollout.domain.roster import Assignment, UserKey
from teams_rollout.ledger.records import UserRecord


@pytest.fixture
def make_person() -> Callable[..., UserRecord]:
    """Build a person; keywords go to the record, `assigned` and `shown` to its halves."""

    def make(
        number: int = 1,
        *,
        assigned: dict[str, Any] | None = None,
        shown: dict[str, Any] | None = None,
        **record: Any,
    ) -> UserRecord:
        upn = f"sample.person{number}@council.example"
        row = {"line": number + 1, "upn": upn, "wave": "Pilot", "profile": "office"}
        seen = {"id": f"id-{number}", "upn": upn, "display_name": f"Sample Person{number}"}
        return UserRecord(
            **{
                "key": UserKey(shard="council:0001", ref=f"u{number:06}"),
                "assignment": Assignment.model_validate(row | (assigned or {})),
                "wave": "pilot",
                "observed": ObservedUser.model_validate(seen | (shown or {})),
            }
            | record
        )

    return make
