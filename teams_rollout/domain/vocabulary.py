"""The words of the product (DESIGN: vocabulary), as enumerations. Pure.

One term per idea; every other module takes its states, steps and modes from here.
"""

from enum import StrEnum


class Outcome(StrEnum):
    """What one step did for one person."""

    APPLIED = "applied"  # Microsoft accepted our change
    ALREADY = "already"  # nothing to change
    WAITING = "waiting"  # nothing to correct: a date, Microsoft, a licence, another team
    THROTTLED = "throttled"  # Microsoft asked us to wait; retried by the machine
    TRANSIENT = "transient"  # a hiccup; retried by the machine
    BLOCKED = "blocked"  # somebody must correct something
    FAILED = "failed"  # unforeseen; we must look
    SKIPPED = "skipped"  # not for this person

    @property
    def is_retryable(self) -> bool:
        """Whether the machine itself tries again."""
        return self in (Outcome.THROTTLED, Outcome.TRANSIENT)


class Step(StrEnum):
    """One kind of change, in the order in which a person's code is chosen."""

    RESOLVE = "resolve"
    USAGE_LOCATION = "usage_location"
    LICENSE = "license"
    TEAM_MEMBERSHIP = "team_membership"
    POLICIES = "policies"
    COEXISTENCE = "coexistence"
    PHONE_NUMBER = "phone_number"


STEP_ORDER: tuple[Step, ...] = tuple(Step)

PREREQUISITES: tuple[Step, ...] = (Step.RESOLVE, Step.USAGE_LOCATION, Step.LICENSE)
"""Steps in sequence: if one of them is not applied, no later step runs."""

PARALLEL_STEPS: tuple[Step, ...] = (
    Step.TEAM_MEMBERSHIP,
    Step.POLICIES,
    Step.COEXISTENCE,
    Step.PHONE_NUMBER,
)
"""Steps independent of each other, run once the prerequisites hold."""


class UserState(StrEnum):
    """Where a person is, in one word."""

    WAITING = "waiting"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    BLOCKED = "blocked"
    FAILED = "failed"
    SKIPPED = "skipped"
    ROLLED_BACK = "rolled_back"


class WaveState(StrEnum):
    """Where a wave is; moves only through `transitions.WAVE_MOVES`."""

    DRAFT = "draft"
    PLANNED = "planned"
    AWAITING_APPROVAL = "awaiting_approval"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    HALTED = "halted"
    VERIFYING = "verifying"
    COMPLETED = "completed"
    COMPLETED_WITH_FAILURES = "completed_with_failures"
    CANCELLED = "cancelled"
    ROLLING_BACK = "rolling_back"
    ROLLED_BACK = "rolled_back"

    @property
    def is_unstarted(self) -> bool:
        """Whether the files may still say who is in the wave."""
        return self in (WaveState.DRAFT, WaveState.PLANNED)

    @property
    def may_write(self) -> bool:
        """Whether the wave's own work may change the tenant now."""
        return self in (WaveState.RUNNING, WaveState.VERIFYING, WaveState.ROLLING_BACK)

    @property
    def is_closed(self) -> bool:
        """Whether nothing more happens in the wave by itself."""
        return self in (
            WaveState.COMPLETED,
            WaveState.COMPLETED_WITH_FAILURES,
            WaveState.CANCELLED,
            WaveState.ROLLED_BACK,
        )


class BatchState(StrEnum):
    """Where a batch is between being cut and every part being answered."""

    PREPARED = "prepared"
    QUEUED = "queued"
    RUNNING = "running"
    AWAITING_MEMBERS = "awaiting_members"
    ACCEPTED = "accepted"
    CANCELLED = "cancelled"


class CoexistenceMode(StrEnum):
    """TeamsUpgradePolicy mode (the policy instance for TeamsOnly is `UpgradeToTeams`)."""

    ISLANDS = "Islands"
    SFB_ONLY = "SfBOnly"
    SFB_WITH_TEAMS_COLLAB = "SfBWithTeamsCollab"
    SFB_WITH_TEAMS_COLLAB_AND_MEETINGS = "SfBWithTeamsCollabAndMeetings"
    TEAMS_ONLY = "TeamsOnly"

    @property
    def policy_name(self) -> str:
        """The TeamsUpgradePolicy instance that sets this mode."""
        return "UpgradeToTeams" if self is CoexistenceMode.TEAMS_ONLY else self.value

    @classmethod
    def from_policy_name(cls, name: str) -> "CoexistenceMode | None":
        """The mode of a policy instance; notify variants count as their mode, else None."""
        plain = name.removeprefix("Tag:").removesuffix("WithNotify")
        if plain == "UpgradeToTeams":
            return cls.TEAMS_ONLY
        return next((mode for mode in cls if mode.value == plain), None)


class Homing(StrEnum):
    """Where a person's Skype for Business account lives."""

    ONLINE = "online"
    ON_PREMISES = "onPremises"
    NONE = "none"


class Priority(StrEnum):
    """A person's place in the order of a wave."""

    KEY = "key"
    VOLUNTEER = "volunteer"
    NORMAL = ""
    VIP = "vip"


GO_ORDER: tuple[Priority, ...] = (
    Priority.KEY,
    Priority.VOLUNTEER,
    Priority.NORMAL,
    Priority.VIP,
)
"""Order in which seats are given and batches are filled."""


class Environment(StrEnum):
    """Real tenant or rehearsal; shown wherever something can be started."""

    LIVE = "LIVE"
    REHEARSAL = "REHEARSAL"


UPGRADE_POLICY_TYPE = "TeamsUpgradePolicy"
