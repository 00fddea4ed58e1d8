"""Looks at the tenant for whatever would keep waves from running; changes nothing there.

Idempotent: reads only, and the operation's record keeps the first result. Every part is looked
at by itself, so that one missing permission does not hide the rest; only without sign-in there
is nothing more to see.
"""

from collections import Counter

from activities.deps import Deps
from activities.license_groups import find_license_groups
from activities.operation import finish_operation
from activities.permission_probes import examine_permissions
from activities.reading import to_catalogue
from activities.tenant_check import tenant_trouble
from graph.errors import GraphReadError
from graph.groups import list_groups
from graph.licenses import list_skus
from graph.limits import ENTRA_UNITS, CallPriority
from graph.organization import get_tenant, read_time
from graph.policies import find_policy_id, list_user_configurations
from graph.session import GraphSession
from teams_rollout.contracts.payloads import OperationRequest, OperationResult
from teams_rollout.domain import doctor, doctor_tenant
from teams_rollout.domain.configuration import RolloutConfig
from teams_rollout.domain.doctor import Check
from teams_rollout.domain.observed import Catalogue, TenantView
from teams_rollout.domain.permissions import Feature, features_of
from teams_rollout.domain.vocabulary import UPGRADE_POLICY_TYPE, CoexistenceMode
from teams_rollout.ledger.ports import Conflict
from teams_rollout.ledger.records import RolloutRecord, UserRecord

_CANNOT_GO_ON = frozenset({"sign_in_failed", "microsoft_unavailable", "unexpected_answer"})


async def examine_tenant(deps: Deps, request: OperationRequest) -> OperationResult:
    """Look at everything and put the checks behind those that the app made of itself."""
    rollout = await deps.ledger.find_rollout()
    checks = await _examine(deps, rollout)
    record = await deps.ledger.find_operation(request.operation_id)
    earlier = record.result.get("checks", []) if record else []
    found = [*earlier, *(c.model_dump(mode="json") for c in checks)]
    await finish_operation(deps, request.operation_id, {"checks": found})
    counts = Counter("ok" if c.ok else "attention" for c in checks)
    return OperationResult(succeeded=True, counts=dict(counts))


async def _examine(deps: Deps, rollout: RolloutRecord | None) -> list[Check]:
    session = deps.graph.at(CallPriority.INTERACTIVE)
    signed_in, checks = await _look_at_sign_in(deps, session, rollout)
    if not signed_in:
        return checks
    users = await _people(deps, rollout)
    features = await _features(deps, rollout, users)
    checks += await examine_permissions(session, features, environment=deps.environment)
    if rollout is None:
        nothing = "Nothing is imported yet, so licences and policies were not looked at."
        do = "Import the files, then run rollout doctor again."
        return [*checks, Check(check="rollout", ok=True, detail=nothing, do=do)]
    checks += await _look_at_licenses(session, rollout.config, users)
    checks += await _look_at_policies(session, rollout.config)
    checks.append(await _look_at_upgrade_policy(session, rollout.config))
    checks += await _look_at_people(deps, session, rollout)
    return checks


async def _look_at_sign_in(
    deps: Deps, session: GraphSession, rollout: RolloutRecord | None
) -> tuple[bool, list[Check]]:
    """Whether there is anything more to see, and what was seen so far."""
    try:
        tenant = await get_tenant(session)
    except GraphReadError as error:
        return error.code not in _CANNOT_GO_ON, [
            doctor_tenant.check_sign_in(error.code),
            doctor.not_looked_at("tenant", because=f"Microsoft did not show it ({error.code})"),
        ]
    trouble = tenant_trouble(rollout.config, tenant.id, deps.environment) if rollout else ""
    return True, [
        doctor_tenant.check_sign_in(),
        doctor_tenant.check_tenant(tenant_id=tenant.id, trouble=trouble),
        await _look_at_clock(deps, session),
    ]


async def _look_at_clock(deps: Deps, session: GraphSession) -> Check:
    try:
        theirs = await read_time(session)
    except GraphReadError:
        theirs = None
    return doctor.check_clock("graph_clock", theirs=theirs, ours=deps.clock(), whose="Microsoft")


async def _people(deps: Deps, rollout: RolloutRecord | None) -> list[UserRecord]:
    if rollout is None:
        return []
    return [u async for u in deps.ledger.list_users(rollout.rollout_id)]


async def _features(
    deps: Deps, rollout: RolloutRecord | None, users: list[UserRecord]
) -> frozenset[Feature]:
    if rollout is None:
        return frozenset({Feature.READING, Feature.LICENSES})
    teams = await deps.ledger.list_teams(rollout.rollout_id)
    return features_of(
        rollout.config, teams=[t.spec for t in teams], people=[u.assignment for u in users]
    )


async def _look_at_licenses(
    session: GraphSession, config: RolloutConfig, users: list[UserRecord]
) -> list[Check]:
    try:
        catalogue = to_catalogue(await list_skus(session))
    except GraphReadError as error:
        because = f"the tenant's licences could not be read ({error.code})"
        return [doctor.not_looked_at("licences", because=because)]
    checks = [
        doctor_tenant.check_profile(name, profile, catalogue)
        for name, profile in config.profiles.items()
    ]
    checks += await _look_at_license_groups(session, config, catalogue)
    people = [(u.assignment.profile, u.observed) for u in users]
    wanted = doctor_tenant.seats_wanted(config, people, catalogue)
    used = dict.fromkeys(part for p in config.profiles.values() for part in p.skus)
    skus = [sku for part in used if (sku := catalogue.by_part_number(part))]
    seats = [doctor_tenant.check_seats(s, wanted=wanted.get(s.part_number, 0)) for s in skus]
    return [*checks, *seats]


async def _look_at_license_groups(
    session: GraphSession, config: RolloutConfig, catalogue: Catalogue
) -> list[Check]:
    grouped = {n: p for n, p in config.profiles.items() if p.licensing == "group"}
    if not grouped:
        return []
    try:
        groups = find_license_groups(config, await list_groups(session))
    except GraphReadError as error:
        because = f"the tenant's groups could not be read ({error.code})"
        return [doctor.not_looked_at("licensing groups", because=because)]
    view = TenantView(catalogue=catalogue, license_groups=groups)
    return [doctor_tenant.check_license_group(n, p, view) for n, p in grouped.items()]


async def _look_at_policies(session: GraphSession, config: RolloutConfig) -> list[Check]:
    named = dict.fromkeys(pair for p in config.profiles.values() for pair in p.policies.items())
    return [await _look_at_policy(session, *pair) for pair in named]


async def _look_at_policy(session: GraphSession, policy_type: str, policy_name: str) -> Check:
    found, code = await _find_policy(session, policy_type, policy_name)
    return doctor_tenant.check_policy(policy_type, policy_name, found=found, code=code)


async def _look_at_upgrade_policy(session: GraphSession, config: RolloutConfig) -> Check:
    """Graph takes the type if it can look up any instance of it; whether it exists is no matter."""
    instance = CoexistenceMode.TEAMS_ONLY.policy_name
    _, code = await _find_policy(session, UPGRADE_POLICY_TYPE, instance)
    taken = {"": True, "policy_type_unsupported": False}.get(code)
    return doctor_tenant.check_upgrade_policy(config.skype.backend, taken=taken, code=code)


async def _find_policy(
    session: GraphSession, policy_type: str, policy_name: str
) -> tuple[bool, str]:
    try:
        found = await find_policy_id(session, policy_type=policy_type, name=policy_name)
    except GraphReadError as error:
        return False, error.code
    return bool(found), ""


async def _look_at_people(deps: Deps, session: GraphSession, rollout: RolloutRecord) -> list[Check]:
    try:
        people = await list_user_configurations(session)
    except GraphReadError as error:
        because = f"Teams does not show its people ({error.code})"
        return [doctor.not_looked_at("homing", because=because)]
    wanted = rollout.config.skype.known_on_premises.casefold()
    types = {p.upn.casefold(): p.account_type for p in people} if wanted else {}
    known = types.get(wanted, "") if wanted else None
    await _remember(deps, rollout, proved_by=wanted if known == doctor_tenant.ON_PREMISES else "")
    return [
        doctor.check_quota_tier(len(people), kept=int(ENTRA_UNITS.amount)),
        doctor_tenant.check_homing(
            deps.environment, Counter(p.account_type for p in people), known=known
        ),
    ]


async def _remember(deps: Deps, rollout: RolloutRecord, *, proved_by: str) -> None:
    """Keep whether homing is proved: on LIVE nobody is handed off without it."""
    if rollout.homing_proved_by == proved_by:
        return
    try:
        await deps.ledger.save_rollout(rollout.model_copy(update={"homing_proved_by": proved_by}))
    except Conflict:
        return  # an import is at work: what is proved now may be of yesterday's file
