"""What Microsoft shows of people, licences and teams, in our own terms. Pure.

Built from bulk reads by the activities; never taken for absence when a list is stale.
"""

from pydantic import BaseModel, ConfigDict

from teams_rollout.domain.vocabulary import CoexistenceMode, Homing


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class ServicePlan(_Value):
    """A feature inside a SKU."""

    plan_id: str
    name: str

    @property
    def is_teams(self) -> bool:
        """TEAMS1 and every TEAMS_* plan switch Teams on for a person."""
        return self.name == "TEAMS1" or self.name.startswith("TEAMS_")

    @property
    def is_phone_system(self) -> bool:
        """Teams Phone: without it Microsoft gives no number."""
        return self.name.startswith("MCOEV")


class Sku(_Value):
    """A product in the tenant with its seats."""

    sku_id: str
    part_number: str
    plans: tuple[ServicePlan, ...] = ()
    enabled: int = 0
    consumed: int = 0

    @property
    def free(self) -> int:
        """Seats nobody holds; never negative."""
        return max(0, self.enabled - self.consumed)


class Catalogue(_Value):
    """The tenant's SKUs."""

    skus: tuple[Sku, ...] = ()

    def by_part_number(self, part_number: str) -> Sku | None:
        """The SKU with this part number, or None."""
        return next((s for s in self.skus if s.part_number == part_number), None)

    def by_id(self, sku_id: str) -> Sku | None:
        """The SKU with this id, or None."""
        return next((s for s in self.skus if s.sku_id == sku_id), None)


class LicenseState(_Value):
    """One way in which a person holds a SKU.

    Attributes:
        group_id: the licensing group it comes from; empty = assigned directly.
        error: code of what keeps the assignment from working, else empty.
    """

    sku_id: str
    disabled_plans: tuple[str, ...] = ()
    group_id: str = ""
    error: str = ""

    @property
    def is_direct(self) -> bool:
        """Whether it was assigned to the person, not inherited."""
        return self.group_id == ""


class ObservedUser(_Value):
    """One person as Microsoft shows them.

    Attributes:
        teams_enabled: Teams itself knows the person as a user (not only Entra's licence).
        explicit_mode: mode assigned to the person; None = the tenant's default applies.
        policies: explicit policy assignments by type, names without `Tag:`.
        in_teams: keys of our teams of which the person is a member or owner.
        in_groups: ids of our licensing groups of which the person is a member, licensed or not.
        number_held_by_other: the wanted phone number belongs to somebody else.
    """

    id: str
    upn: str
    display_name: str = ""
    mail: str = ""
    employee_id: str = ""
    department: str = ""
    job_title: str = ""
    account_enabled: bool = True
    is_guest: bool = False
    usage_location: str = ""
    licenses: tuple[LicenseState, ...] = ()
    teams_enabled: bool = False
    homing: Homing = Homing.NONE
    explicit_mode: CoexistenceMode | None = None
    policies: dict[str, str] = {}
    phone_numbers: tuple[str, ...] = ()
    in_teams: tuple[str, ...] = ()
    in_groups: tuple[str, ...] = ()
    number_held_by_other: bool = False


class TeamStatus(_Value):
    """What we know of one of our teams.

    Attributes:
        team_id: set once the group exists.
        ready: the team exists and takes members.
        code: why it cannot be made (`team_has_no_owner`, `team_name_taken`, ...), else empty.
    """

    key: str
    team_id: str = ""
    ready: bool = False
    code: str = ""


class GroupLicense(_Value):
    """A SKU that a licensing group gives, and the plans that it switches off."""

    sku_id: str
    disabled_plans: tuple[str, ...] = ()


class LicenseGroup(_Value):
    """The group that gives a profile its licences.

    Attributes:
        code: why nobody can be put into it (`group_not_found`, ...), else empty.
    """

    group_id: str = ""
    name: str = ""
    licenses: tuple[GroupLicense, ...] = ()
    code: str = ""

    def gives(self, sku_id: str) -> GroupLicense | None:
        """What it gives of this SKU, or None."""
        return next((x for x in self.licenses if x.sku_id == sku_id), None)


class TenantView(_Value):
    """Everything that a plan, a verification or a reconciliation compares with.

    Attributes:
        license_groups: by the name or id that profiles give, case folded.
    """

    catalogue: Catalogue
    teams: dict[str, TeamStatus] = {}
    license_groups: dict[str, LicenseGroup] = {}
