"""Bulk reads of the tenant, and their translation into our own terms.

Everything that plans, verifies or reconciles reads through here: pages, never a GET per person.
A read is whole or it fails (`GraphReadError`), so nobody is ever judged by half a list.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence, Sized
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from activities.license_groups import find_license_groups
from graph.error_table import code_of_license_state
from graph.errors import GraphReadError
from graph.licenses import GraphSku, list_skus
from graph.numbers import list_numbers
from graph.policies import UserConfiguration, list_user_configurations
from graph.session import GraphSession
from graph.teams import GraphGroup, list_group_members, list_group_owners, list_groups
from graph.users import GraphLicenseState, GraphUser, get_user, list_users
from teams_rollout.domain.configuration import RolloutConfig
from teams_rollout.domain.homing import infer_homing
from teams_rollout.domain.observed import (
    Catalogue,
    LicenseState,
    ObservedUser,
    ServicePlan,
    Sku,
)
from teams_rollout.domain.roster import Assignment
from teams_rollout.domain.vocabulary import UPGRADE_POLICY_TYPE, CoexistenceMode, Homing
from teams_rollout.ledger.records import TeamRecord


@dataclass(frozen=True)
class TenantReading:
    """One whole look at the tenant.

    Attributes:
        members: member ids by the key of our team, for teams that exist.
        numbers: holder's id by phone number.
        group_members: member ids by the id of each licensing group, where they were asked for.
        reads: how many list requests it took, for the plan's figures.
    """

    users: dict[str, GraphUser]
    configurations: dict[str, UserConfiguration]
    catalogue: Catalogue
    groups: dict[str, GraphGroup]
    members: dict[str, frozenset[str]] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    group_members: dict[str, frozenset[str]] = field(default_factory=dict)
    reads: int = 0

    def __post_init__(self) -> None:
        people = self.users.values()
        object.__setattr__(self, "_by_upn", _index((u.upn, u.id) for u in people))
        object.__setattr__(self, "_by_employee_id", _index((u.employee_id, u.id) for u in people))
        object.__setattr__(self, "_by_mail", _index((u.mail, u.id) for u in people))

    def find(self, upn: str) -> GraphUser | None:
        """The person with this UPN, or None."""
        return self.users.get(self.__dict__["_by_upn"].get(upn.casefold(), ""))

    def named_by(self, assignment: Assignment) -> GraphUser | None:
        """The person whom a row names, or None if there is nobody or more than one.

        Kinds of names are kept apart: one person's mail may be another's UPN, and a personnel
        number may be on two accounts. Nobody is picked by chance.
        """
        if assignment.upn:
            return self.find(assignment.upn)
        kind = "_by_employee_id" if assignment.employee_id else "_by_mail"
        return self.users.get(self.__dict__[kind].get(assignment.identity.casefold(), ""))

    def observe(
        self, assignment: Assignment, *, object_id: str = "", known: Homing | None = None
    ) -> ObservedUser | None:
        """The person of an assignment as Microsoft shows them, or None if there is nobody."""
        user = self.users.get(object_id) if object_id else self.named_by(assignment)
        if user is None:
            return None
        return translate(
            user,
            self.configurations.get(user.id),
            catalogue=self.catalogue,
            in_teams=[k for k in assignment.teams if user.id in self.members.get(k, ())],
            in_groups=[g for g, ids in self.group_members.items() if user.id in ids],
            number_holder=self.numbers.get(assignment.phone_number),
            known=known,
        )


MAX_LOOKED_FOR = 500
"""Most people who are asked for one by one; so many missing at once is a wrong file."""


async def look_for_missing(
    session: GraphSession, reading: TenantReading, people: Sequence[tuple[Assignment, str]]
) -> TenantReading:
    """The reading, with people whom its lists lack and a read by id or UPN shows.

    A list may be older than somebody in it: it never proves absence.

    Args:
        people: assignments with their object ids, where known.

    Raises:
        GraphReadError: somebody could not be read.
    """
    missing = [
        object_id or assignment.upn
        for assignment, object_id in people
        if reading.observe(assignment, object_id=object_id) is None
    ]
    async with _all_or_nothing() as group:
        reads = [
            group.create_task(get_user(session, name)) for name in missing[:MAX_LOOKED_FOR] if name
        ]
    found = {user.id: user for read in reads if (user := read.result()) is not None}
    return replace(reading, users={**reading.users, **found}, reads=reading.reads + len(reads))


def _index(names: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Object id by name; a name that two people share leads to nobody."""
    index: dict[str, str] = {}
    for name, user_id in names:
        if name:
            taken = name.casefold() in index
            index[name.casefold()] = "" if taken else user_id
    return index


async def read_tenant(
    session: GraphSession,
    teams: Sequence[TeamRecord],
    *,
    people: Iterable[Assignment] = (),
    config: RolloutConfig | None = None,
) -> TenantReading:
    """Read everything that a plan compares with: about one request per 999 people and source.

    Args:
        people: whom it is read for; phone numbers, which take a permission of their own, are
            read only if one of them is to get one.
        config: whose licensing groups to read the members of; None = nobody asks who is in them.
    """
    with_numbers = any(person.phone_number for person in people)
    existing = [t for t in teams if team_id_of(t)]
    async with _all_or_nothing() as group:
        users = group.create_task(list_users(session))
        configurations = group.create_task(list_user_configurations(session))
        skus = group.create_task(list_skus(session))
        groups = group.create_task(list_groups(session))
        numbers = group.create_task(list_numbers(session)) if with_numbers else None
        members = group.create_task(_read_members(session, existing))
    in_groups = await _read_group_members(session, groups.result(), config)
    lists: list[Sized] = [users.result(), configurations.result(), groups.result()]
    lists.extend(in_groups.values())
    return TenantReading(
        users={u.id: u for u in users.result()},
        configurations={c.id: c for c in configurations.result()},
        catalogue=to_catalogue(skus.result()),
        groups={g.id: g for g in groups.result()},
        members=members.result(),
        numbers=numbers.result() if numbers else {},
        group_members=in_groups,
        reads=sum(_pages(rows) for rows in lists) + 1 + with_numbers + _member_lists(existing),
    )


@asynccontextmanager
async def _all_or_nothing() -> AsyncIterator[asyncio.TaskGroup]:
    """Reads side by side; the first that fails ends the others at once and is the error."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures


async def _read_members(
    session: GraphSession, teams: Sequence[TeamRecord]
) -> dict[str, frozenset[str]]:
    """Members of each team that exists; its owners count as in it, though not listed.

    A team without an entry is gone: this is a read by id, not a list that may be stale.
    """
    async with _all_or_nothing() as group:
        reads = [group.create_task(_people_or_none(session, t)) for t in teams]
    lists = [read.result() for read in reads]
    return {
        team.spec.key: ids | set(team.owner_ids)
        for team, ids in zip(teams, lists, strict=True)
        if ids is not None
    }


async def _read_group_members(
    session: GraphSession, groups: Iterable[GraphGroup], config: RolloutConfig | None
) -> dict[str, frozenset[str]]:
    found = find_license_groups(config, groups).values() if config else ()
    ids = list(dict.fromkeys(x.group_id for x in found if x.group_id))
    async with _all_or_nothing() as group:
        reads = [group.create_task(list_group_members(session, i)) for i in ids]
    return {i: read.result() for i, read in zip(ids, reads, strict=True)}


async def _people_or_none(session: GraphSession, team: TeamRecord) -> frozenset[str] | None:
    """Members, and the owners where we did not set them ourselves."""
    group_id = team_id_of(team)
    try:
        members = await list_group_members(session, group_id)
        if team.spec.existing_team_id:
            return members | await list_group_owners(session, group_id)
    except GraphReadError as error:
        if error.code == "group_not_found":
            return None
        raise
    return members


def team_id_of(team: TeamRecord) -> str:
    """The team's group id, given in the file or known since it was made; empty before."""
    return team.spec.existing_team_id or team.status.team_id


def _member_lists(teams: Sequence[TeamRecord]) -> int:
    return len(teams) + sum(bool(t.spec.existing_team_id) for t in teams)


def _pages(items: Sized) -> int:
    return max(1, -(-len(items) // 999))


def to_catalogue(skus: Iterable[GraphSku]) -> Catalogue:
    """The tenant's SKUs in our terms: those for people; suspended ones have no seats to give."""
    return Catalogue(
        skus=tuple(
            Sku(
                sku_id=s.sku_id,
                part_number=s.part_number,
                plans=tuple(ServicePlan(plan_id=p.id, name=p.name) for p in s.plans),
                enabled=s.enabled if _gives_seats(s) else 0,
                consumed=s.consumed,
            )
            for s in skus
            if s.applies_to.casefold() == "user"
        )
    )


def _gives_seats(sku: GraphSku) -> bool:
    return sku.capability_status.casefold() in ("", "enabled", "warning")


def translate(
    user: GraphUser,
    configuration: UserConfiguration | None,
    *,
    catalogue: Catalogue,
    in_teams: Sequence[str] = (),
    in_groups: Sequence[str] = (),
    number_holder: str | None = None,
    known: Homing | None = None,
) -> ObservedUser:
    """One person in our terms.

    Args:
        configuration: the Teams side of the truth; None for guests and disabled accounts.
        number_holder: who holds the number that the person is to get.
        known: homing seen before our first write, which settles the ambiguous case.
    """
    policies, explicit = _explicit_policies(configuration)
    licenses = _licenses(user)
    account_type = configuration.account_type if configuration else ""
    return ObservedUser(
        id=user.id,
        upn=user.upn,
        display_name=user.display_name,
        mail=user.mail,
        employee_id=user.employee_id,
        department=user.department,
        job_title=user.job_title,
        account_enabled=user.account_enabled,
        is_guest=user.user_type.casefold() == "guest",
        usage_location=user.usage_location,
        licenses=licenses,
        teams_enabled=_teams_enabled(configuration),
        homing=infer_homing(
            account_type,
            explicit_mode=explicit,
            has_teams_license=_has_teams_license(licenses, catalogue),
            known=known,
        ),
        explicit_mode=explicit,
        policies=policies,
        phone_numbers=tuple(configuration.telephone_numbers) if configuration else (),
        in_teams=tuple(in_teams),
        in_groups=tuple(in_groups),
        number_held_by_other=number_holder is not None and number_holder != user.id,
    )


def _explicit_policies(
    configuration: UserConfiguration | None,
) -> tuple[dict[str, str], CoexistenceMode | None]:
    """Policy names by type, and the mode, which is one of them at Microsoft."""
    assigned = configuration.policies if configuration else ()
    policies = {p.type: p.name for p in assigned}
    mode = policies.pop(UPGRADE_POLICY_TYPE, "")
    return policies, CoexistenceMode.from_policy_name(mode) if mode else None


def _licenses(user: GraphUser) -> tuple[LicenseState, ...]:
    return tuple(
        LicenseState(
            sku_id=s.sku_id,
            disabled_plans=tuple(s.disabled_plans),
            group_id=s.assigned_by_group or "",
            error=_license_trouble(s),
        )
        for s in user.license_states
    )


def _license_trouble(state: GraphLicenseState) -> str:
    """The code of an assignment that gives nothing; one with an error may still be active."""
    if state.state.casefold() in ("", "active", "activewitherror"):
        return ""
    return code_of_license_state(state.error) or "request_refused"


def _teams_enabled(configuration: UserConfiguration | None) -> bool:
    if configuration is None:
        return False
    return any(f.casefold() == "teams" for f in configuration.feature_types)


def _has_teams_license(licenses: Sequence[LicenseState], catalogue: Catalogue) -> bool:
    for state in licenses:
        sku = catalogue.by_id(state.sku_id)
        plans = sku.plans if sku and not state.error else ()
        if any(p.is_teams and p.plan_id not in state.disabled_plans for p in plans):
            return True
    return False
