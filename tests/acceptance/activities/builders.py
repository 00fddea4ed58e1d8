"""Invented people, teams and councils: sound and plain unless a test says otherwise.

Each builder is a value: a method returns a changed copy. A person is written once and becomes
both a row of the tenant (what Microsoft knows) and a row of users.csv (what is wanted).
"""

import uuid
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Self

from teams_rollout.domain.configuration import (
    GatesSection,
    NoticesSection,
    ProfileSection,
    RolloutConfig,
    RolloutSection,
    SkypeSection,
    TeamsSection,
)
from teams_rollout.domain.roster import Assignment, TeamSpec
from teams_rollout.domain.vocabulary import CoexistenceMode, Priority

DOMAIN = "llanfair.example"
E3, VOICE, F1 = (str(uuid.uuid5(uuid.NAMESPACE_DNS, n)) for n in ("SPE_E3", "MCOEV", "SPE_F1"))
TEAMS_PLAN, YAMMER_PLAN, CALLING_PLAN, SWAY_PLAN = (
    str(uuid.uuid5(uuid.NAMESPACE_DNS, n)) for n in ("TEAMS1", "YAMMER", "MCOEV plan", "SWAY")
)
EXISTING_TEAM = str(uuid.uuid5(uuid.NAMESPACE_DNS, "the team that was there"))
FULL_GROUP, SYNCED_GROUP, RULED_GROUP, EMPTY_GROUP = (
    str(uuid.uuid5(uuid.NAMESPACE_DNS, f"group {n}")) for n in ("full", "synced", "ruled", "empty")
)
LICENSING_GROUP = str(uuid.uuid5(uuid.NAMESPACE_DNS, "a group that gives licences"))
TENANT_ID = str(uuid.uuid5(uuid.NAMESPACE_DNS, "tenant"))
TAKEN_NICKNAME = "payroll"


def object_id(name: str) -> str:
    """A stable made-up object id."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def upn_of(name: str) -> str:
    return f"{name}@{DOMAIN}"


@dataclass(frozen=True)
class Person:
    """One person; `in_tenant` False = nobody there has that name."""

    name: str
    tenant: dict[str, Any] = field(default_factory=dict)
    row: dict[str, Any] = field(default_factory=dict)
    in_tenant: bool = True

    @property
    def id(self) -> str:
        return object_id(self.name)

    @property
    def upn(self) -> str:
        return upn_of(self.name)

    def without_location(self) -> Self:
        return self._known(usageLocation=None)

    def located_in(self, country: str) -> Self:
        return self._known(usageLocation=country)

    def licensed(self, *skus: str, off: tuple[str, ...] = ()) -> Self:
        held = [{"skuId": s, "disabledPlans": list(off)} for s in skus or (E3,)]
        return self._known(assignedLicenses=held)

    def homed(self, where: str) -> Self:
        return self._known(sfbHoming=where)

    def with_policies(self, **policies: str) -> Self:
        return self._known(policies=policies)

    def holding(self, number: str) -> Self:
        return self._known(telephoneNumbers=[number])

    def as_guest(self) -> Self:
        return self._known(userType="Guest")

    def without_mailbox(self) -> Self:
        return self._known(mail=None)

    def disabled(self) -> Self:
        return self._known(accountEnabled=False)

    def unknown_to_microsoft(self) -> Self:
        return replace(self, in_tenant=False)

    def in_wave(self, wave: str) -> Self:
        return self._wanted(wave=wave)

    def joining(self, *teams: str) -> Self:
        return self._wanted(teams=teams)

    def with_profile(self, profile: str) -> Self:
        return self._wanted(profile=profile)

    def wanting(self, number: str) -> Self:
        return self._wanted(phone_number=number, profile="voice")

    def wanting_mode(self, mode: CoexistenceMode) -> Self:
        return self._wanted(coexistence_mode=mode)

    def with_priority(self, priority: str) -> Self:
        return self._wanted(priority=Priority(priority))

    def on_hold_until(self, day: date) -> Self:
        return self._wanted(hold_until=day)

    def _known(self, **changes: Any) -> Self:
        return replace(self, tenant={**self.tenant, **changes})

    def _wanted(self, **changes: Any) -> Self:
        return replace(self, row={**self.row, **changes})

    def tenant_row(self) -> dict[str, Any]:
        """The person as a seed has them."""
        return {
            "id": self.id,
            "userPrincipalName": self.upn,
            "mail": self.upn,
            "displayName": f"{self.name.title()} Example",
            "department": "Housing",
            "accountEnabled": True,
            "userType": "Member",
            "usageLocation": "GB",
            "sfbHoming": "none",
            "assignedLicenses": [],
            "memberOf": [],
            "policies": {},
            "telephoneNumbers": [],
            **self.tenant,
        }

    def assignment(self, *, line: int) -> Assignment:
        """The person as users.csv has them."""
        values = {"line": line, "upn": self.upn, "wave": "Pilot", "profile": "office"}
        return Assignment(**{**values, **self.row})


def a_person(name: str = "ann") -> Person:
    """A located member of staff without licence, homed nowhere, who is to have one."""
    return Person(name)


def an_employee_who_is_through(name: str = "zoe") -> Person:
    """Somebody who has everything that the profile `office` gives."""
    return a_person(name).licensed().with_policies(TeamsMeetingPolicy="AllOn")


@dataclass(frozen=True)
class Team:
    """One team of teams.csv."""

    spec: TeamSpec

    def owned_by(self, *names: str) -> Self:
        return self._with(owners=tuple(upn_of(n) for n in names))

    def with_channels(self, *names: str) -> Self:
        return self._with(channels=names)

    def that_exists(self, team_id: str = EXISTING_TEAM) -> Self:
        return self._with(existing_team_id=team_id, owners=())

    def with_nickname(self, nickname: str) -> Self:
        return self._with(mail_nickname=nickname)

    def _with(self, **changes: Any) -> Self:
        return replace(self, spec=self.spec.model_copy(update=changes))


def a_team(key: str = "housing") -> Team:
    """A private team owned by `boss`, who is in every tenant."""
    return Team(TeamSpec(key=key, display_name=key.title(), owners=(upn_of("boss"),)))


@dataclass(frozen=True)
class Council:
    """Everything that an import has, for waves that tests run."""

    people: tuple[Person, ...] = ()
    teams: tuple[Team, ...] = ()
    sections: dict[str, Any] = field(default_factory=dict)
    rollout: dict[str, Any] = field(default_factory=dict)

    def of(self, *people: Person) -> Self:
        return replace(self, people=(*self.people, *people))

    def with_teams(self, *teams: Team) -> Self:
        return replace(self, teams=(*self.teams, *teams))

    def in_batches(self, *, canary: int, size: int, at_once: int = 4) -> Self:
        return self._rollout(canary_size=canary, batch_size=size, batches_in_flight=at_once)

    def for_tenant(self, tenant_id: str | None) -> Self:
        return self._rollout(tenant_id=tenant_id)

    def with_gate(self, **limits: Any) -> Self:
        return replace(self, sections={**self.sections, "gates": GatesSection(**limits)})

    def with_skype(self, **settings: Any) -> Self:
        return replace(self, sections={**self.sections, "skype": SkypeSection(**settings)})

    def telling(self, **settings: Any) -> Self:
        section = NoticesSection(**{"sender": upn_of("boss"), **settings})
        return replace(self, sections={**self.sections, "notices": section})

    def with_fallback_owners(self, *names: str) -> Self:
        section = TeamsSection(fallback_owners=tuple(upn_of(n) for n in names))
        return replace(self, sections={**self.sections, "teams": section})

    def _rollout(self, **changes: Any) -> Self:
        return replace(self, rollout={**self.rollout, **changes})

    def config(self) -> RolloutConfig:
        """The council's rollout.toml."""
        values = {"name": "Llanfair", "tenant_id": TENANT_ID, **self.rollout}
        meeting = {"TeamsMeetingPolicy": "AllOn"}
        used = {p.row.get("profile") for p in self.people}
        return RolloutConfig(
            rollout=RolloutSection(**values),
            profiles={
                "office": ProfileSection(skus=("SPE_E3",), policies=meeting),
                "voice": ProfileSection(skus=("SPE_E3", "MCOEV"), policies=meeting),
                "front": ProfileSection(skus=("SPE_F1",), policies={"TeamsMeetingPolicy": "Kiosk"}),
                **{name: GROUPED[name] for name in GROUPED if name in used},
                "exchanged": ProfileSection(skus=("SPE_E3",), replaces=("SPE_F1",)),
                "lost": ProfileSection(
                    skus=("SPE_E3",), policies={"TeamsMeetingPolicy": "Nowhere"}
                ),
            },
            **self.sections,
        )

    def assignments(self) -> list[Assignment]:
        """The council's users.csv."""
        return [p.assignment(line=n) for n, p in enumerate(self.people, start=2)]


def _grouped(group: str, **changes: Any) -> ProfileSection:
    values = {"skus": ("SPE_E3",), "licensing": "group", "license_group": group, **changes}
    return ProfileSection(**values)


GROUPED = {
    "grouped": _grouped("Lic-E3 "),
    "by id": _grouped(FULL_GROUP),
    "swapped": _grouped("lic-e3", replaces=("SPE_F1", "MCOEV")),
    "synced": _grouped("lic-synced"),
    "ruled": _grouped("lic-ruled"),
    "empty": _grouped("lic-empty"),
    "nowhere": _grouped("lic-nowhere"),
    "offed": _grouped("licensed"),
}
"""Profiles by the kind of licensing group that they name; only in councils where one is used."""


def a_council(*people: Person) -> Council:
    """One wave, `Pilot`, of these people."""
    return Council(people=people)


def _plan(plan_id: str, name: str) -> dict[str, str]:
    return {
        "servicePlanId": plan_id,
        "servicePlanName": name,
        "appliesTo": "User",
        "provisioningStatus": "Success",
    }


def _group(group_id: str, name: str, **properties: Any) -> dict[str, Any]:
    return {
        "id": group_id,
        "displayName": name,
        "mailNickname": name,
        "mailEnabled": True,
        "securityEnabled": False,
        "groupTypes": ["Unified"],
        "members": [],
        "owners": [object_id("boss")],
        **properties,
    }


def _licensing(group_id: str, name: str, *skus: str, **properties: Any) -> dict[str, Any]:
    values = {
        "mailEnabled": False,
        "securityEnabled": True,
        "groupTypes": [],
        "assignedLicenses": [{"skuId": s, "disabledPlans": []} for s in skus],
        "owners": [],
    }
    return _group(group_id, name, **{**values, **properties})


BOSS = a_person("boss").licensed()
OLGA = a_person("olga")
"""Has her licence, with Teams off, from a group."""

_SEED = {
    "tenant": {
        "id": TENANT_ID,
        "displayName": "Town of Llanfair",
        "domain": DOMAIN,
        "country": "GB",
        "skypeOnline": True,
    },
    "skus": [
        {
            "skuId": E3,
            "skuPartNumber": "SPE_E3",
            "enabled": 1_000,
            "servicePlans": [
                _plan(TEAMS_PLAN, "TEAMS1"),
                _plan(YAMMER_PLAN, "YAMMER_ENTERPRISE"),
                _plan(SWAY_PLAN, "SWAY"),
            ],
        },
        {
            "skuId": VOICE,
            "skuPartNumber": "MCOEV",
            "enabled": 1_000,
            "servicePlans": [_plan(CALLING_PLAN, "MCOEV")],
        },
        {
            "skuId": F1,
            "skuPartNumber": "SPE_F1",
            "enabled": 1_000,
            "servicePlans": [_plan(object_id("kiosk"), "TEAMS1_KIOSK")],
        },
    ],
    "mutuallyExclusivePlans": [[TEAMS_PLAN, object_id("kiosk")]],
    "users": [BOSS.tenant_row(), {**OLGA.tenant_row(), "memberOf": [LICENSING_GROUP]}],
    "groups": [
        _group(EXISTING_TEAM, "newsroom"),
        _group(object_id("payroll"), TAKEN_NICKNAME),
        _licensing(FULL_GROUP, "lic-e3", E3),
        _licensing(SYNCED_GROUP, "lic-synced", E3, onPremisesSyncEnabled=True),
        _licensing(RULED_GROUP, "lic-ruled", E3, groupTypes=["DynamicMembership"]),
        _licensing(EMPTY_GROUP, "lic-empty", VOICE),
        _group(
            LICENSING_GROUP,
            "licensed",
            mailEnabled=False,
            securityEnabled=True,
            groupTypes=[],
            assignedLicenses=[{"skuId": E3, "disabledPlans": [TEAMS_PLAN]}],
            members=[OLGA.id],
        ),
    ],
    "teams": [{"id": EXISTING_TEAM, "displayName": "newsroom", "channels": ["General"]}],
    "policies": [
        {"type": "TeamsMeetingPolicy", "names": ["AllOn", "Kiosk"]},
        {
            "type": "TeamsUpgradePolicy",
            "names": ["SfBOnly", "SfBWithTeamsCollab", "UpgradeToTeams"],
        },
    ],
}


def a_tenant(**changes: Any) -> dict[str, Any]:
    """The seed: three products, a boss, a team that exists; `changes` are of the tenant itself."""
    seed = deepcopy(_SEED)
    seed["tenant"] = {**_SEED["tenant"], **changes}  # type: ignore[dict-item]  # a JSON object
    return seed
