"""Figures and names in the form people read them. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime

STEP_WORDS = {
    "resolve": "find the person",
    "usage_location": "usage location",
    "license": "licence",
    "team_membership": "team membership",
    "policies": "policies",
    "coexistence": "coexistence mode",
    "phone_number": "phone number",
}

GOOD, BUSY, BAD, QUIET = "green", "yellow", "red", "dim"
STATE_STYLES = {
    "done": GOOD,
    "completed": GOOD,
    "running": BUSY,
    "verifying": BUSY,
    "in_progress": BUSY,
    "waiting": BUSY,
    "paused": BUSY,
    "halted": BAD,
    "blocked": BAD,
    "failed": BAD,
    "completed_with_failures": BAD,
    "skipped": QUIET,
    "draft": QUIET,
}


def style_of(state: str) -> str:
    """Colour of a state; states without a meaning of their own have none."""
    return STATE_STYLES.get(state, "")


def spoken(name: str) -> str:
    """A state or step as words."""
    return STEP_WORDS.get(name, name.replace("_", " "))


def counts(numbers: Mapping[str, int], *, nothing: str = "none") -> str:
    """`done 12, blocked 3`, the largest first."""
    some = sorted(((n, name) for name, n in numbers.items() if n), key=lambda pair: -pair[0])
    return ", ".join(f"{name} {number:,}" for number, name in some) or nothing


def people(number: int) -> str:
    """`1 person`, `250 people`."""
    return "1 person" if number == 1 else f"{number:,} people"


def span(seconds: float) -> str:
    """`18 s`, `4 min 10 s`, `2 h 05 min`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def moment(at: datetime | str | None) -> str:
    """A time in UTC and, where that differs, on this machine's clock."""
    if at is None or at == "":
        return ""
    if isinstance(at, str):
        at = datetime.fromisoformat(at)
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    in_utc = aware.astimezone(UTC)
    here = aware.astimezone()
    text = f"{in_utc:%Y-%m-%d %H:%M:%S} UTC"
    return text if here.utcoffset() == in_utc.utcoffset() else f"{text} ({here:%H:%M} here)"


def clock(at: datetime) -> str:
    """The time of day on this machine."""
    return f"{at.astimezone():%H:%M:%S}"
