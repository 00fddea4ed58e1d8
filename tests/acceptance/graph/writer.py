"""A process that writes as fast as it may: `python -m tests.acceptance.graph.writer`.

Arguments: Graph's base URL, `locations` or `policies`, the limits' factor, the quota model, then
people's ids. The storage's connection string comes in ROLLOUT_STORAGE_CONNECTION. Prints
`ready`, starts at a line on standard input, then prints the epoch time and number of each change.
"""

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from itertools import cycle

from graph.credentials import StaticToken
from graph.policies import PolicyAssignment, assign_policies
from graph.session import GraphSession
from graph.shared_governor import SharedGovernor
from graph.users import set_usage_locations
from teams_rollout.ledger.tables import TableLedger

CHUNK = 20
AT_ONCE = 3


async def write(session: GraphSession, kind: str, ids: Sequence[str]) -> int:
    """One call: how many people it changed."""
    if kind == "locations":
        return len(await set_usage_locations(session, [(user_id, "GB") for user_id in ids]))
    wanted = [
        PolicyAssignment(user_id=user_id, policy_type="TeamsMeetingPolicy", policy_name="AllOn")
        for user_id in ids[:1]
    ]
    return len(await assign_policies(session, wanted))


async def main(base_url: str, kind: str, limits: str, model: str, *ids: str) -> None:
    """Write until killed."""
    ledger = TableLedger.from_connection_string(os.environ["ROLLOUT_STORAGE_CONNECTION"])
    governor = SharedGovernor(
        ledger.quotas("test"),
        limits=float(limits),
        quota_model="bucket" if model == "bucket" else "window",
    )
    session = GraphSession(base_url=base_url, token=StaticToken("rehearsal"), governor=governor)
    print("ready", flush=True)  # noqa: T201 - the test reads it
    await asyncio.to_thread(sys.stdin.readline)
    chunks = cycle([ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)])

    async def work() -> None:
        while True:
            number = await write(session, kind, next(chunks))
            print(f"{time.time():.3f} {number}", flush=True)  # noqa: T201 - likewise

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
