"""Who moves when, and the teams they need: the content of users.csv and teams.csv. Pure."""

import re
import unicodedata
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

from teams_rollout.domain.configuration import RolloutConfig
from teams_rollout.domain.vocabulary import GO_ORDER, CoexistenceMode, Priority


class UserKey(BaseModel):
    """Where a person's rows live for life.

    Attributes:
        shard: partition key `{rollout}:{nnnn}`, at most 100 people.
        ref: opaque name inside the rollout, `u000001`; safe in URLs, logs and ids.
    """

    model_config = ConfigDict(frozen=True)

    shard: str
    ref: str


class Assignment(BaseModel):
    """One row of users.csv after validation; exactly one of the identifiers may be missing twice.

    Attributes:
        line: line in the file (header = 1), which is also the file order.
        manager: who tells the person what a mail cannot; the heading of a printed list.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    line: int
    upn: str = ""
    employee_id: str = ""
    mail: str = ""
    wave: str
    profile: str
    priority: Priority = Priority.NORMAL
    teams: tuple[str, ...] = ()
    phone_number: str = ""
    hold_until: date | None = None
    coexistence_mode: CoexistenceMode | None = None
    manager: str = ""

    @property
    def identity(self) -> str:
        """The person as the file names them: the natural key between imports."""
        return self.upn or self.employee_id or self.mail

    def is_on_hold(self, today: date) -> bool:
        """Whether the person must not be touched today; the hold ends on its date."""
        return self.hold_until is not None and self.hold_until > today


class TeamSpec(BaseModel):
    """One row of teams.csv. With `existing_team_id` only members are added."""

    model_config = ConfigDict(frozen=True)

    key: str
    display_name: str
    owners: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    visibility: Literal["Private", "Public", "HiddenMembership"] = "Private"
    mail_nickname: str = ""
    existing_team_id: str = ""


class Roster(BaseModel):
    """A valid set of files."""

    model_config = ConfigDict(frozen=True)

    config: RolloutConfig
    users: tuple[Assignment, ...]
    teams: tuple[TeamSpec, ...]

    def wave_order(self) -> tuple[str, ...]:
        """Wave names in the order in which they may start: `after` first, then first appearance."""
        return order_waves([u.wave for u in self.users], self.config)


def order_waves(names: list[str], config: RolloutConfig) -> tuple[str, ...]:
    """Sort wave names so that each follows the wave that its `after` names.

    A cycle or an unknown `after` is the importer's fault to report; here it keeps file order.
    """
    remaining = list(dict.fromkeys(names))
    ordered: list[str] = []
    while remaining:
        ready = next((n for n in remaining if _after(n, config) not in remaining), remaining[0])
        remaining.remove(ready)
        ordered.append(ready)
    return tuple(ordered)


def _after(name: str, config: RolloutConfig) -> str | None:
    section = config.waves.get(name)
    return section.after if section else None


def go_rank(person: Assignment) -> tuple[int, int]:
    """Sort key: key workers, volunteers, normal, vip; each in file order."""
    return GO_ORDER.index(person.priority), person.line


def go_order(users: list[Assignment]) -> list[Assignment]:
    """People in the order in which seats are given and batches are filled."""
    return sorted(users, key=go_rank)


def slug(name: str, *, limit: int = 40) -> str:
    """A lower-case ASCII name for ids and URLs: accents folded, other characters to hyphens."""
    ascii_name = fold(name)
    return re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[:limit].strip("-") or "x"


_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i"})


def fold(text: str) -> str:
    """Lower case without accents: what search compares."""
    # Twice, because taking characters apart makes capitals and casefolding makes new compounds.
    letters = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    plain = unicodedata.normalize("NFKD", letters)
    return "".join(c for c in plain if not unicodedata.combining(c))
