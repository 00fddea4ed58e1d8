"""Who of a wave gets a notice, from the ledger's records. Values in, values out.

Preview, sending and printable lists all ask here, so that they cannot disagree.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from teams_rollout.domain.configuration import NoticeKind, RolloutConfig
from teams_rollout.domain.notices import Person, Route, route
from teams_rollout.ledger.records import UserRecord


@dataclass(frozen=True)
class Addressee:
    """One person of the wave, and how a notice reaches them, if it does."""

    user: UserRecord
    route: Route

    @property
    def name(self) -> str:
        """How the directory shows the person; empty where it was never read."""
        return self.user.observed.display_name if self.user.observed else ""

    @property
    def mail(self) -> str:
        """The address, for whom the way is mail."""
        return self.user.observed.mail if self.user.observed else ""


def audience(
    users: Iterable[UserRecord],
    kind: NoticeKind,
    *,
    config: RolloutConfig,
    now: datetime,
    refs: Collection[str] | None = None,
) -> list[Addressee]:
    """Everybody of a wave with the way in which the notice reaches them.

    Args:
        refs: of the people named by whoever asks; None = nobody was named.
    """
    today = now.astimezone(ZoneInfo(config.rollout.timezone)).date()
    return [
        Addressee(
            user=user,
            route=route(
                kind,
                Person(
                    summary=user.summary,
                    observed=user.observed,
                    on_hold=user.assignment.is_on_hold(today),
                    is_named=None if refs is None else user.key.ref in refs,
                ),
            ),
        )
        for user in users
    ]
