"""The settings of a rollout as `rollout.toml` gives them. Pure.

The file's keys are a contract with outsiders: further keys may be added, none renamed.
"""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from teams_rollout.domain.vocabulary import CoexistenceMode


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RolloutSection(_Section):
    """`[rollout]`: who and where."""

    name: str = Field(min_length=1, max_length=120)
    tenant_id: str | None = None
    usage_location: str = Field(default="GB", pattern=r"^[A-Z]{2}$")
    timezone: str = "Europe/London"
    batch_size: int = Field(default=100, ge=1, le=100)
    canary_size: int = Field(default=20, ge=0, le=100)
    batches_in_flight: int = Field(default=4, ge=1, le=16)
    approval_above: int | None = Field(default=None, ge=0)
    reconcile_hour: int = Field(default=2, ge=0, le=23)


class SkypeSection(_Section):
    """`[skype]`: what happens to people homed on Skype for Business Server.

    Attributes:
        known_on_premises: UPN of somebody who is certainly homed there, by whom `rollout doctor`
            proves that Graph shows it.
    """

    on_premises: Literal["hand_off", "block"] = "hand_off"
    known_on_premises: str = ""
    interim_mode: CoexistenceMode | None = None
    backend: Literal["graph", "handoff"] = "graph"


class TeamsSection(_Section):
    """`[teams]`: owners of last resort, by UPN, used only where a team names no usable owner."""

    fallback_owners: tuple[str, ...] = ()


class VoiceSection(_Section):
    """`[voice]`: how numbers are assigned."""

    number_type: Literal["directRouting", "callingPlan", "operatorConnect"] = "directRouting"


class GatesSection(_Section):
    """`[gates]`: how much unforeseen trouble stops a wave.

    Strictly more than `max(people, percent of attempted)` halts, and never more than
    `people_cap` people between two gates.
    """

    people: int = Field(default=2, ge=0)
    percent: float = Field(default=2.0, ge=0, le=100)
    people_cap: int = Field(default=10, ge=0)
    expected_codes: tuple[str, ...] = ("conflicting_license",)


class NoticeKind(StrEnum):
    """What people are told, and when."""

    BEFORE = "before"
    ON_THE_DAY = "on_the_day"
    POSTPONED = "postponed"
    DONE = "done"
    NOT_SIGNED_IN = "not_signed_in"


class Language(StrEnum):
    """Languages that notices are written in; people get all that are chosen, in one mail."""

    ENGLISH = "en"
    WELSH = "cy"


class NoticesSection(_Section):
    """`[notices]`: what people are told about their move; off until a sender is named.

    Attributes:
        sender: UPN of the mailbox that mail comes from.
        languages: in the order in which a mail has them.
        card: also post a card to the channel whose address is in ROLLOUT_NOTICE_WEBHOOK.
        help: whom to ask, as the texts say it, by language.
    """

    sender: str = ""
    languages: tuple[Language, ...] = Field(default=(Language.ENGLISH,), min_length=1)
    kinds: tuple[NoticeKind, ...] = tuple(NoticeKind)
    format: Literal["html", "text"] = "html"
    card: bool = False
    help: dict[Language, str] = Field(default_factory=dict)

    @property
    def is_on(self) -> bool:
        """Whether anything may be sent."""
        return bool(self.sender)


class WaveSection(_Section):
    """`[waves.NAME]`: one wave; every key is optional."""

    title: str = ""
    after: str | None = None
    start_at: datetime | None = None
    cut_over_at: datetime | None = None
    owner: str = ""
    pilot: bool = False
    bake: str = ""
    windows: tuple[str, ...] = ()
    notify_days: tuple[int, ...] = ()
    all_or_wait: bool = False


class ProfileSection(_Section):
    """`[profiles.NAME]`: a named desired state.

    Attributes:
        skus: SKU part numbers; all of them or none.
        replaces: SKU part numbers removed in the same call.
        disabled_plans: service plan names switched off on new licences only.
        required_plans: service plan names that must be on; None = each SKU's Teams plans.
        licensing: `direct` assigns to each person; `group` puts people into `license_group`.
        license_group: object id, display name or mail nickname of a group that has the SKUs.
    """

    skus: tuple[str, ...] = Field(min_length=1)
    replaces: tuple[str, ...] = ()
    disabled_plans: tuple[str, ...] = ()
    required_plans: tuple[str, ...] | None = None
    licensing: Literal["direct", "group"] = "direct"
    license_group: str | None = None
    policies: dict[str, str] = Field(default_factory=dict)
    coexistence_mode: CoexistenceMode = CoexistenceMode.TEAMS_ONLY

    @property
    def group_key(self) -> str:
        """The name of its licensing group as it is compared; empty when licensed directly."""
        return (self.license_group or "").strip().casefold() if self.licensing == "group" else ""


class RolloutConfig(_Section):
    """A whole `rollout.toml`."""

    rollout: RolloutSection
    skype: SkypeSection = SkypeSection()
    teams: TeamsSection = TeamsSection()
    voice: VoiceSection = VoiceSection()
    gates: GatesSection = GatesSection()
    notices: NoticesSection = NoticesSection()
    waves: dict[str, WaveSection] = Field(default_factory=dict)
    profiles: dict[str, ProfileSection] = Field(min_length=1)
