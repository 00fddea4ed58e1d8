"""Following a wave until it closes: live on a terminal, one line per change elsewhere."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from rich.console import Console
from rich.live import Live

from teams_rollout.cli.answers import Progress, understood
from teams_rollout.cli.client import RolloutClient
from teams_rollout.cli.console import console
from teams_rollout.cli.errors import CliError
from teams_rollout.cli.live import wave_line, wave_view
from teams_rollout.cli.paths import wave_path
from teams_rollout.cli.words import span, spoken
from teams_rollout.domain.vocabulary import WaveState

POLL_SECONDS = 1.0
QUIET_LINE_SECONDS = 15.0  # plain lines: say that it still runs, even if nothing has changed
NOT_STARTED = frozenset({WaveState.DRAFT, WaveState.PLANNED, WaveState.AWAITING_APPROVAL})
LOOK = "See .rollout/logs/host.log."

Show = Callable[[Progress], None]


class StuckError(CliError):
    """The wave does not move any more, or takes longer than it may."""


def follow(
    client: RolloutClient,
    wave: str,
    *,
    environment: str = "",
    footnote: str = "",
    watchman: "Watchman | None" = None,
) -> Progress:
    """Show the wave until it closes, or until only a person can move it on.

    Args:
        environment: LIVE or REHEARSAL, for the frame.
        footnote: a quiet last line of the picture.
        watchman: gives up on a wave that does not move; None = never.

    Returns:
        Where the wave was at the end.

    Raises:
        StuckError: the watchman gave up.
    """
    screen = console()
    if not screen.is_terminal:
        return look(client, wave, show=_plain_lines(screen), watchman=watchman)
    with Live(console=screen, auto_refresh=False) as picture:

        def draw(progress: Progress) -> None:
            now = datetime.now(UTC)
            view = wave_view(progress, now=now, environment=environment, footnote=footnote)
            picture.update(view, refresh=True)

        return look(client, wave, show=draw, watchman=watchman)


def look(
    client: RolloutClient, wave: str, *, show: Show, watchman: "Watchman | None" = None
) -> Progress:
    """Read the wave's progress every second and hand it on; ends like `follow`."""
    path = wave_path(wave, "progress")
    while True:
        progress = understood(Progress, client.patiently(path))
        show(progress)
        if is_over(progress):
            return progress
        if watchman is not None:
            watchman.check(progress)
        client.pause(POLL_SECONDS)


def is_over(progress: Progress) -> bool:
    """Whether nothing more happens by itself."""
    waits_for_a_person = progress.state in (WaveState.PAUSED, WaveState.HALTED)
    return progress.state.is_closed or waits_for_a_person or progress.state in NOT_STARTED


class Watchman:
    """Notices a wave that has stopped moving.

    Args:
        stuck_after: seconds without any change after which to give up.
        until: `time.monotonic()` at which to give up in any case.
    """

    def __init__(self, *, stuck_after: float, until: float) -> None:
        self._stuck_after = stuck_after
        self._until = until
        self._seen: object = None
        self._since = time.monotonic()

    def check(self, progress: Progress) -> None:
        """Raise StuckError if the wave has been where it is for too long."""
        now = time.monotonic()
        figures = progress.model_dump(exclude={"rate_per_min", "eta"})
        if figures != self._seen:
            self._seen, self._since = figures, now
        where = f"Wave {progress.wave} is {spoken(progress.state)}"
        if now - self._since > self._stuck_after:
            raise StuckError(f"{where} and has not moved for {span(now - self._since)}. {LOOK}")
        if now > self._until:
            raise StuckError(f"{where}, and the time allowed for all waves is over. {LOOK}")


def _plain_lines(screen: Console) -> Show:
    last = _LastLine()

    def write(progress: Progress) -> None:
        # Rate and forecast change by themselves: they come along with news, and are none.
        if last.is_worth_a_line(progress.model_dump(exclude={"rate_per_min", "eta"})):
            line = wave_line(progress, now=datetime.now(UTC))
            screen.print(line, markup=False, highlight=False, soft_wrap=True)

    return write


class _LastLine:
    """What was written last, and when: a log is for changes, and for a sign of life."""

    def __init__(self) -> None:
        self._figures: object = None
        self._at = 0.0

    def is_worth_a_line(self, figures: object) -> bool:
        """Whether the figures are news, or the log was quiet for long."""
        now = time.monotonic()
        if figures == self._figures and now - self._at < QUIET_LINE_SECONDS:
            return False
        self._figures, self._at = figures, now
        return True
