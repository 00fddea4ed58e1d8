"""People of waves counted by state and cause, for the report that a closed wave is shown by."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from activities.deps import Deps
from teams_rollout.ledger.records import UserRecord, WaveRecord


@dataclass
class WaveCount:
    """The people of one wave."""

    by_state: Counter[str] = field(default_factory=Counter)
    by_code: Counter[str] = field(default_factory=Counter)

    def add(self, user: UserRecord) -> None:
        """Count one person."""
        summary = user.summary
        self.by_state[summary.state.value] += 1
        if summary.code:
            self.by_code[summary.code] += 1

    def report(self) -> dict[str, dict[str, int]]:
        """As the wave keeps it."""
        return {"by_state": dict(self.by_state), "by_code": dict(self.by_code)}


def count_by_wave(users: Iterable[UserRecord]) -> dict[str, WaveCount]:
    """These people by the slug of their wave; a wave without anybody counts nobody."""
    counts: dict[str, WaveCount] = defaultdict(WaveCount)
    for user in users:
        counts[user.wave].add(user)
    return counts


async def amend_reports(
    deps: Deps, closed: Iterable[WaveRecord], users: Iterable[UserRecord]
) -> None:
    """Bring the reports of closed waves up to date after people have gone on since the close.

    Args:
        users: everybody of these waves, as they stand now.
    """
    counts = count_by_wave(users)
    for wave in closed:
        report = counts[wave.slug].report()
        if wave.report and wave.report != report:
            await deps.ledger.save_wave(wave.model_copy(update={"report": report}))
