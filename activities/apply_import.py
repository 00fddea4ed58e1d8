"""Makes a staged import the one in force: finds everybody in the tenant, gives each a row.

Idempotent: people keep the key that they got first, whoever runs this again finds them by it, and
the pointer flips last. People of a started wave are left as they are.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from activities.deps import Deps
from activities.operation import fail_operation, finish_operation, report_progress
from activities.reading import TenantReading, look_for_missing, read_tenant
from activities.tenant_check import tenant_trouble
from graph.organization import get_tenant
from teams_rollout.contracts.payloads import OperationRequest, OperationResult
from teams_rollout.domain.configuration import RolloutConfig, WaveSection
from teams_rollout.domain.observed import TeamStatus
from teams_rollout.domain.roster import Assignment, UserKey, go_order, order_waves, slug
from teams_rollout.ledger.records import (
    RolloutRecord,
    StagedImport,
    TeamRecord,
    UserRecord,
    WaveRecord,
)

SHARD_SIZE = 100
PEOPLE_PER_ROUND = 1_000


@dataclass(frozen=True)
class Comparison:
    """An import against what is in force; `back` are people removed earlier and named again."""

    new: list[Assignment]
    back: list[UserRecord]
    changed: list[UserRecord]
    missing: list[UserRecord]
    frozen: int

    @property
    def counts(self) -> dict[str, int]:
        """The diff as a person is shown it."""
        return {
            "new": len(self.new) + len(self.back),
            "changed": len(self.changed),
            "missing": len(self.missing),
            "frozen": self.frozen,
        }


@dataclass(frozen=True)
class Application:
    """A staged import that is being applied."""

    deps: Deps
    request: OperationRequest
    staged: StagedImport
    assignments: Sequence[Assignment]
    diff: Comparison


async def apply_import(deps: Deps, request: OperationRequest) -> OperationResult:
    """Apply the staged import, or show the diff when it needs a person's word."""
    staged = await deps.ledger.get_staged(request.import_id)
    assignments = await deps.ledger.list_staged(request.import_id)
    before = await deps.ledger.find_rollout()
    tenant = await get_tenant(deps.graph)
    trouble = tenant_trouble(staged.config, tenant.id, deps.environment)
    if trouble:
        await fail_operation(deps, request.operation_id, code="wrong_tenant", detail=trouble)
        return OperationResult()
    rollout_id = before.rollout_id if before else slug(staged.config.rollout.name)
    # Also before the first import: one that broke off for good may have left rows behind.
    existing = await _everybody_ever(deps, rollout_id)
    diff = compare(assignments, existing, busy=await _busy_waves(deps, rollout_id))
    # The counts replace those that were told before anything was applied.
    result: dict[str, object] = {"applied": True, "users": staged.users, **diff.counts}
    result["diff"] = diff.counts
    if before and not staged.confirmed and _needs_word(diff, before, request):
        result |= {"applied": False, "needs_confirmation": True}
    else:
        applied = Application(deps, request, staged, assignments, diff)
        result |= await _apply(applied, before, existing, tenant_id=tenant.id)
    await finish_operation(deps, request.operation_id, result)
    return OperationResult(succeeded=True, counts=diff.counts)


async def _apply(
    it: Application,
    before: RolloutRecord | None,
    existing: Sequence[UserRecord],
    *,
    tenant_id: str,
) -> dict[str, object]:
    """Write it all, the pointer last; returns what there is to say about it."""
    reading = await read_tenant(it.deps.graph, [], people=it.assignments)
    reading = await look_for_missing(it.deps.graph, reading, [(a, "") for a in it.diff.new])
    rollout = _rollout(it.deps, it.staged, before, existing, reading=reading, tenant_id=tenant_id)
    remove = it.staged.remove_missing or before is None
    people = place(it.diff, rollout, reading, existing, remove=remove)
    await _write(it.deps, it.request, people)
    in_use = await _teams_in_use(it.deps, rollout.rollout_id, existing)
    frozen_teams = await _save_teams(it.deps, rollout.rollout_id, it.staged, in_use=in_use)
    heads = _heads(existing, people)
    await _save_waves(it.deps, rollout.rollout_id, it.staged, it.assignments, heads)
    await it.deps.ledger.save_rollout(_with_next_ref(rollout, existing, people))
    return {"frozen_teams": frozen_teams, "unresolved": sum(p.observed is None for p in people)}


async def _everybody_ever(deps: Deps, rollout_id: str) -> list[UserRecord]:
    """Also people removed earlier: whoever comes back gets the old key again."""
    return [u async for u in deps.ledger.list_users(rollout_id, with_removed=True)]


async def _busy_waves(deps: Deps, rollout_id: str) -> set[str]:
    """Slugs of waves that have been started, even if nobody's row says so yet."""
    waves = await deps.ledger.list_waves(rollout_id)
    return {w.slug for w in waves if not w.state.is_unstarted}


async def _write(deps: Deps, request: OperationRequest, people: Sequence[UserRecord]) -> None:
    """Rows and search index, a thousand people at a time, with progress."""
    for start in range(0, len(people), PEOPLE_PER_ROUND):
        part = people[start : start + PEOPLE_PER_ROUND]
        # Findable first: whoever has a row is known to a repeat, which would not index them.
        await deps.ledger.index(part[0].key.shard.rpartition(":")[0], part)
        await deps.ledger.put_users(part)
        done = start + len(part)
        await report_progress(deps, request.operation_id, 20 + 70 * done // len(people))


def _needs_word(diff: Comparison, before: RolloutRecord, request: OperationRequest) -> bool:
    if before.import_id == request.import_id:
        return False
    return bool(diff.new or diff.back or diff.changed or diff.missing)


def compare(
    assignments: Sequence[Assignment],
    existing: Sequence[UserRecord],
    *,
    busy: Collection[str] = (),
) -> Comparison:
    """What the file changes; people whose wave has started are frozen.

    Args:
        busy: slugs of waves that have been started.
    """
    by_identity = {u.assignment.identity.casefold(): u for u in existing}
    new: list[Assignment] = []
    back: list[UserRecord] = []
    changed: list[UserRecord] = []
    frozen = 0
    seen: set[str] = set()
    for assignment in assignments:
        identity = assignment.identity.casefold()
        seen.add(identity)
        user = by_identity.get(identity)
        if user is None:
            new.append(assignment)
        elif user.removed:
            back.append(_moved(user, assignment))
        elif _differs(user.assignment, assignment):
            if user.started or user.wave in busy:
                frozen += 1
            else:
                changed.append(_moved(user, assignment))
    gone = [u for i, u in by_identity.items() if i not in seen and not u.removed]
    missing = [u for u in gone if u.wave not in busy]
    return Comparison(new=new, back=back, changed=changed, missing=missing, frozen=frozen)


def _differs(one: Assignment, other: Assignment) -> bool:
    return one.model_copy(update={"line": 0}) != other.model_copy(update={"line": 0})


def _moved(user: UserRecord, assignment: Assignment) -> UserRecord:
    return user.model_copy(
        update={"assignment": assignment, "wave": slug(assignment.wave), "removed": False}
    )


def place(
    diff: Comparison,
    rollout: RolloutRecord,
    reading: TenantReading,
    existing: Sequence[UserRecord],
    *,
    remove: bool,
) -> list[UserRecord]:
    """Rows to write: new people with fresh keys in (wave, go-order), changed ones, removed ones."""
    waves = order_waves([a.wave for a in diff.new], rollout.config)
    ordered = [a for wave in waves for a in go_order([a for a in diff.new if a.wave == wave])]
    first = _next_ref(rollout, existing)
    rows = [
        UserRecord(key=key_of(rollout.rollout_id, n), assignment=a, wave=slug(a.wave))
        for n, a in enumerate(ordered, start=first)
    ]
    rows = [_resolved(r, reading) for r in [*rows, *diff.back, *diff.changed]]
    if remove:
        rows += [u.model_copy(update={"removed": True}) for u in diff.missing if not u.started]
    return rows


def key_of(rollout_id: str, number: int) -> UserKey:
    """The permanent key of the n-th person (from 1); shards fill up one after the other."""
    shard = f"{rollout_id}:{(number - 1) // SHARD_SIZE + 1:04d}"
    return UserKey(shard=shard, ref=f"u{number:06d}")


def _resolved(user: UserRecord, reading: TenantReading) -> UserRecord:
    observed = reading.observe(user.assignment)
    object_id = observed.id if observed else ""
    return user.model_copy(update={"observed": observed, "object_id": object_id})


def _next_ref(rollout: RolloutRecord, existing: Sequence[UserRecord]) -> int:
    """After a crash rows may exist that the pointer does not know of yet."""
    highest = max((int(u.key.ref[1:]) for u in existing), default=0)
    return max(rollout.next_ref, highest + 1)


def _with_next_ref(
    rollout: RolloutRecord, existing: Sequence[UserRecord], people: Sequence[UserRecord]
) -> RolloutRecord:
    following = _next_ref(rollout, [*existing, *people])
    shards = -(-(following - 1) // SHARD_SIZE)
    return rollout.model_copy(update={"next_ref": following, "next_shard": shards + 1})


def _rollout(
    deps: Deps,
    staged: StagedImport,
    before: RolloutRecord | None,
    existing: Sequence[UserRecord],
    *,
    reading: TenantReading,
    tenant_id: str,
) -> RolloutRecord:
    named = slug(staged.config.rollout.name)
    base = before or RolloutRecord(rollout_id=named, config=staged.config)
    return base.model_copy(
        update={
            "config": _with_used_profiles(staged.config, base.config, existing),
            "import_id": staged.import_id,
            "imported_at": deps.clock(),
            "catalogue": reading.catalogue,
            "tenant_id": tenant_id,
        }
    )


def _with_used_profiles(
    config: RolloutConfig, before: RolloutConfig, existing: Sequence[UserRecord]
) -> RolloutConfig:
    """The new settings, and old profiles that people whom the file leaves alone still have."""
    used = {u.assignment.profile for u in existing}
    kept = {n: p for n, p in before.profiles.items() if n in used}
    return config.model_copy(update={"profiles": {**kept, **config.profiles}})


async def _teams_in_use(
    deps: Deps, rollout_id: str, existing: Sequence[UserRecord]
) -> frozenset[str]:
    """Keys of the teams that a wave under way is making or filling."""
    waves = await deps.ledger.list_waves(rollout_id)
    under_way = {w.slug for w in waves if not (w.state.is_unstarted or w.state.is_closed)}
    people = [u for u in existing if u.wave in under_way and not u.removed]
    return frozenset(key for u in people for key in u.assignment.teams)


async def _save_teams(
    deps: Deps, rollout_id: str, staged: StagedImport, *, in_use: Collection[str]
) -> int:
    """Take the teams over but those in use; returns how many of these the file has otherwise."""
    known = {t.spec.key: t for t in await deps.ledger.list_teams(rollout_id)}
    frozen = 0
    for spec in staged.teams:
        before = known.get(spec.key)
        if before is not None and before.spec == spec:
            continue
        if before is not None and spec.key in in_use:
            frozen += 1
            continue
        record = before or TeamRecord(
            rollout_id=rollout_id, spec=spec, status=TeamStatus(key=spec.key)
        )
        await deps.ledger.save_team(record.model_copy(update={"spec": spec}))
    return frozen


def _heads(existing: Sequence[UserRecord], written: Sequence[UserRecord]) -> Counter[str]:
    """How many people are in each wave (by slug) once the rows are written."""
    latest = {u.key: u for u in (*existing, *written)}
    return Counter(u.wave for u in latest.values() if not u.removed)


async def _save_waves(
    deps: Deps,
    rollout_id: str,
    staged: StagedImport,
    assignments: Sequence[Assignment],
    heads: Mapping[str, int],
) -> None:
    known = {w.slug: w for w in await deps.ledger.list_waves(rollout_id)}
    names = order_waves([a.wave for a in assignments], staged.config)
    for name, position in _positions(names, known).items():
        wave = _wave(rollout_id, name, position, staged.config)
        wave = wave.model_copy(update={"users": heads.get(wave.slug, 0)})
        before = known.get(wave.slug)
        if before is not None and not before.state.is_unstarted:
            continue
        await deps.ledger.save_wave(
            wave.model_copy(update={"etag": before.etag, "epoch": before.epoch}) if before else wave
        )
    for unnamed in known.keys() - {slug(name) for name in names}:
        wave, number = known[unnamed], heads.get(unnamed, 0)
        if wave.state.is_unstarted and wave.users != number:
            await deps.ledger.save_wave(wave.model_copy(update={"users": number}))


def _positions(names: Sequence[str], known: Mapping[str, WaveRecord]) -> dict[str, int]:
    """Each wave's place: the file's order, unless the file holds only some of the waves.

    Then those that are there keep their places and new ones come last: a pilot must not be
    overtaken because the next wave was imported by itself.
    """
    if not known.keys() - {slug(name) for name in names}:
        return {name: position for position, name in enumerate(names)}
    following = count(1 + max(w.position for w in known.values()))
    return {
        name: known[slug(name)].position if slug(name) in known else next(following)
        for name in names
    }


def _wave(rollout_id: str, name: str, position: int, config: RolloutConfig) -> WaveRecord:
    return WaveRecord(
        rollout_id=rollout_id,
        name=name,
        slug=slug(name),
        position=position,
        section=config.waves.get(name, WaveSection()),
    )
