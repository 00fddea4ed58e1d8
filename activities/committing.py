"""Writes many people's changes in as few transactions as the storage takes."""

from collections.abc import Mapping, Sequence

from activities.deps import Deps
from teams_rollout.ledger.records import UserUpdate

PEOPLE_PER_TRANSACTION = 33


async def commit_updates(deps: Deps, updates: Mapping[str, Sequence[UserUpdate]]) -> None:
    """At most 100 operations a transaction: one row and up to seven events per person."""
    for shard, changed in updates.items():
        part: list[UserUpdate] = []
        size = 0
        for update in changed:
            cost = 1 + len(update.events)
            if size + cost > 100 or len(part) == PEOPLE_PER_TRANSACTION:
                await deps.ledger.commit(shard, part)
                part, size = [], 0
            part.append(update)
            size += cost
        if part:
            await deps.ledger.commit(shard, part)
