"""apply_import: people get keys for life, nothing is flipped half, started waves are frozen."""

import pytest

from teams_rollout.domain.roster import UserKey
from teams_rollout.domain.vocabulary import UserState, WaveState
from teams_rollout.ledger.records import OperationStatus
from tests.acceptance.activities.lab import ROLLOUT, Crash

pytestmark = pytest.mark.azurite


@pytest.fixture
def council(build):
    people = [build.a_person("ann"), build.a_person("bob"), build.a_person("cai")]
    return build.a_council(*people).with_teams(build.a_team("housing"))


async def bring_in_again(lab, council, **how):
    """A second import of changed files; returns the operation that a person watches."""
    lab.move_in(council)
    operation = await lab.operation()
    await lab.apply(await lab.stage(council, **how), operation)
    return (await lab.result_of(operation)).result


async def test_given_new_files_when_applied_then_everybody_is_resolved_findable_and_in_a_wave(
    lab, build, tenant, council
):
    await lab.bring_in(council)

    ann = await lab.person(build.a_person("ann"))
    assert ann.key == UserKey(shard=f"{ROLLOUT}:0001", ref="u000001")
    assert ann.object_id == build.object_id("ann")
    assert ann.summary.state is UserState.WAITING
    hits = await lab.ledger.search(ROLLOUT, "ann exam")
    assert [h.key for h in hits] == [ann.key]
    wave = await lab.wave()
    assert (wave.name, wave.users, wave.state) == ("Pilot", 3, WaveState.DRAFT)
    assert (await lab.team()).spec.display_name == "Housing"
    assert tenant.writes == 0


async def test_given_people_by_mail_or_number_when_applied_then_they_are_found_too(lab, build):
    by_mail = build.a_person("mair")
    by_number = build.a_person("nest")
    by_number = type(by_number)(
        "nest", {"employeeId": "00042"}, {"upn": "", "employee_id": "00042"}
    )
    by_mail = type(by_mail)(
        "mair",
        {"mail": "m.jones@llanfair.example"},
        {"upn": "", "mail": "m.jones@llanfair.example"},
    )
    await lab.bring_in(build.a_council(by_mail, by_number))

    found = {u.object_id async for u in lab.ledger.list_users(ROLLOUT)}
    assert found == {by_mail.id, by_number.id}


async def test_given_somebody_microsoft_does_not_know_when_applied_then_kept_and_counted(
    lab, build, council
):
    lost = build.a_person("lost").unknown_to_microsoft()

    result = await bring_in_again(lab, council.of(lost))

    assert result["unresolved"] == 1
    assert (await lab.person(lost)).object_id == ""


async def test_given_priorities_when_applied_then_shards_fill_in_waves_and_go_order(lab, build):
    people = [
        build.a_person("vip").with_priority("vip"),
        build.a_person("second").in_wave("Second"),
        build.a_person("normal"),
        build.a_person("key").with_priority("key"),
    ]

    await lab.bring_in(build.a_council(*people))

    refs = {n: u.key.ref for n, u in (await lab.people()).items()}
    assert sorted(refs, key=refs.__getitem__) == ["key", "normal", "vip", "second"]


async def test_given_more_people_than_a_shard_holds_when_applied_then_the_next_is_opened(
    lab, build
):
    people = [build.a_person(f"p{n:03}") for n in range(120)]

    await lab.bring_in(build.a_council(*people))

    everybody = list((await lab.people()).values())
    shards = [u.key.shard for u in everybody]
    assert (shards.count(f"{ROLLOUT}:0001"), shards.count(f"{ROLLOUT}:0002")) == (100, 20)
    assert len({u.key.ref for u in everybody}) == 120


async def test_given_the_same_files_when_applied_again_then_nothing_changes_and_nobody_is_asked(
    lab, council
):
    await lab.bring_in(council)
    before = await lab.people()

    result = await bring_in_again(lab, council)

    assert result["applied"]
    assert result["diff"] == {"new": 0, "changed": 0, "missing": 0, "frozen": 0}
    assert await lab.people() == before


@pytest.fixture
def changed(build, council):
    """Ann moves, Bob is missing, Dai is new."""
    people = (
        build.a_person("ann").in_wave("Second"),
        build.a_person("cai"),
        build.a_person("dai"),
    )
    return type(council)(people=people, teams=council.teams)


async def test_given_changed_files_when_applied_then_the_diff_is_shown_and_nothing_is_done(
    lab, council, changed
):
    await lab.bring_in(council)
    before = await lab.people(), await lab.ledger.find_rollout()

    result = await bring_in_again(lab, changed)

    # The lines of the file moved, too, but that is no change to anybody.
    assert result == {
        "applied": False,
        "needs_confirmation": True,
        "users": 3,
        **dict(new=1, changed=1, missing=1, frozen=0),
        "diff": {"new": 1, "changed": 1, "missing": 1, "frozen": 0},
    }
    assert (await lab.people(), await lab.ledger.find_rollout()) == before


async def test_given_a_persons_word_when_applied_then_changes_hold_and_the_missing_stay(
    lab, council, changed
):
    await lab.bring_in(council)
    before = await lab.people()

    await bring_in_again(lab, changed, confirmed=True)

    after = await lab.people()
    assert set(after) == {"ann", "bob", "cai", "dai"}
    assert after["ann"].wave == "second"
    assert {n: u.key for n, u in before.items()}.items() <= {
        n: u.key for n, u in after.items()
    }.items()
    assert after["dai"].key.ref == "u000004"


async def test_given_the_missing_are_to_go_when_applied_then_they_are_out_of_every_list(
    lab, council, changed
):
    await lab.bring_in(council)

    await bring_in_again(lab, changed, confirmed=True, remove_missing=True)

    assert set(await lab.people()) == {"ann", "cai", "dai"}


async def test_given_a_started_wave_when_applied_then_its_people_are_frozen(
    lab, build, council, changed
):
    await lab.start(council)
    before = await lab.people()

    result = await bring_in_again(lab, changed, confirmed=True, remove_missing=True)

    assert result["diff"]["frozen"] == 1
    after = await lab.people()
    assert {n: after[n] for n in before} == before
    wave = await lab.wave()
    assert (wave.state, wave.users) == (WaveState.RUNNING, 3)


async def test_given_people_of_a_started_wave_when_the_file_moves_them_then_no_wave_counts_them(
    lab, build, council
):
    await lab.start(council)
    movers = tuple(person.in_wave("Later") for person in council.people)
    moved = type(council)(people=(*movers, build.a_person("eve").in_wave("Later")))

    result = await bring_in_again(lab, moved, confirmed=True)

    assert (result["changed"], result["frozen"], result["new"]) == (0, 3, 1)
    waves = {w.slug: w.users for w in await lab.ledger.list_waves(ROLLOUT)}
    assert waves == {"pilot": 3, "later": 1}


async def test_given_a_wave_that_everybody_leaves_when_applied_then_it_is_empty(
    lab, build, council
):
    await lab.bring_in(council)
    movers = tuple(person.in_wave("Later") for person in council.people)

    await bring_in_again(lab, type(council)(people=movers, teams=council.teams), confirmed=True)

    waves = {w.slug: w.users for w in await lab.ledger.list_waves(ROLLOUT)}
    assert waves == {"pilot": 0, "later": 3}


async def test_given_a_started_wave_when_the_file_adds_people_to_it_then_the_wave_is_as_it_was(
    lab, build, council
):
    run = await lab.start(council)

    await bring_in_again(lab, council.of(build.a_person("dai")), confirmed=True)

    keys = [k.ref for b in await run.batches() for k in b.keys]
    assert len(keys) == 3
    assert not (await lab.people())["dai"].started


async def test_given_a_planned_wave_when_applied_again_then_it_has_to_be_planned_again(
    lab, build, council
):
    await lab.bring_in(council)
    wave = await lab.wave()
    planned = {"state": WaveState.PLANNED, "plan_id": "an old plan"}
    await lab.ledger.save_wave(wave.model_copy(update=planned))

    await bring_in_again(lab, council.of(build.a_person("dai")), confirmed=True)

    wave = await lab.wave()
    assert (wave.state, wave.plan_id, wave.users) == (WaveState.DRAFT, "", 4)


WRITES = ["put_users", "index", "save_team", "save_wave", "save_rollout", "save_operation"]


@pytest.mark.parametrize("write", WRITES)
async def test_given_a_crash_in_the_first_import_when_rerun_then_everybody_has_one_key(
    lab, council, write
):
    lab.move_in(council)
    import_id, operation = await lab.stage(council), await lab.operation()
    lab.ledger.die_before(write)
    with pytest.raises(Crash):
        await lab.apply(import_id, operation)

    await lab.apply(import_id, operation)

    refs = {n: u.key.ref for n, u in (await lab.people()).items()}
    assert refs == {"ann": "u000001", "bob": "u000002", "cai": "u000003"}
    assert (await lab.result_of(operation)).status is OperationStatus.SUCCEEDED
    assert len(await lab.ledger.search(ROLLOUT, "example")) == 3


@pytest.mark.parametrize("write", WRITES)
async def test_given_a_crash_in_a_later_import_when_rerun_then_keys_hold_and_all_are_findable(
    lab, council, changed, write
):
    await lab.bring_in(council)
    before = {n: u.key for n, u in (await lab.people()).items()}
    lab.move_in(changed)
    more = changed.with_teams(*changed.teams).with_teams(_another_team(changed))
    import_id = await lab.stage(more, confirmed=True)
    operation = await lab.operation()
    lab.ledger.die_before(write)
    with pytest.raises(Crash):
        await lab.apply(import_id, operation)

    await lab.apply(import_id, operation)

    after = {n: u.key for n, u in (await lab.people()).items()}
    assert after == {**before, "dai": UserKey(shard=f"{ROLLOUT}:0001", ref="u000004")}
    assert [h.key for h in await lab.ledger.search(ROLLOUT, "dai")] == [after["dai"]]
    assert (await lab.ledger.find_rollout()).next_ref == 5


def _another_team(council):
    (housing,) = council.teams
    return type(housing)(housing.spec.model_copy(update={"key": "parks"}))


async def test_given_another_tenant_when_applied_then_nothing_is_imported_and_it_says_why(
    lab, build, council
):
    elsewhere = council.for_tenant("00000000-0000-4000-8000-000000000001")
    lab.move_in(council)
    operation = await lab.operation()

    result = await lab.apply(await lab.stage(elsewhere), operation)

    record = await lab.result_of(operation)
    assert not result.succeeded
    assert (record.status, record.error["code"]) == (OperationStatus.FAILED, "wrong_tenant")
    assert await lab.ledger.find_rollout() is None


async def test_given_somebody_removed_when_they_come_back_then_with_the_key_they_had(
    lab, council, changed
):
    await lab.bring_in(council)
    before = {name: u.key for name, u in (await lab.people()).items()}
    await bring_in_again(lab, changed, confirmed=True, remove_missing=True)
    removed = set(before) - set(await lab.people())

    await bring_in_again(lab, council, confirmed=True)

    people = await lab.people()
    assert removed
    assert set(people) == {"ann", "bob", "cai", "dai"}
    assert {name: people[name].key for name in before} == before
    assert len({u.key.ref for u in people.values()}) == 4


async def test_given_somebody_removed_when_searched_for_then_the_helpdesk_does_not_find_them(
    lab, council, changed
):
    await lab.bring_in(council)
    before = await lab.people()
    await bring_in_again(lab, changed, confirmed=True, remove_missing=True)
    removed = next(before[name] for name in set(before) - set(await lab.people()))

    hits = await lab.ledger.search(removed.key.shard.rpartition(":")[0], removed.upn)

    assert hits == []


async def test_given_a_first_import_that_broke_off_for_good_when_another_is_made_then_it_is_gone(
    lab, build, council
):
    lab.move_in(council)
    lab.ledger.die_before("save_team")
    with pytest.raises(Crash):
        await lab.apply(await lab.stage(council))

    await lab.bring_in(build.a_council(build.a_person("bob"), build.a_person("dai")))

    people = await lab.people()
    assert set(people) == {"bob", "dai"}
    assert len({u.key.ref for u in people.values()}) == 2


async def test_given_a_profile_that_the_new_file_lacks_when_applied_then_its_people_keep_it(
    lab, build
):
    await lab.bring_in(build.a_council(build.a_person("fay").with_profile("front")))
    smaller = build.a_council(build.a_person("ann"))
    lab.move_in(smaller)
    import_id = await lab.stage(smaller, confirmed=True)
    staged = await lab.ledger.get_staged(import_id)
    config = staged.config.model_copy(
        update={"profiles": {"office": staged.config.profiles["office"]}}
    )
    await lab.ledger.stage(
        staged.model_copy(update={"config": config}), await lab.ledger.list_staged(import_id)
    )

    await lab.apply(import_id)

    assert set((await lab.ledger.find_rollout()).config.profiles) == {"office", "front"}


async def test_given_the_next_wave_is_imported_by_itself_when_applied_then_it_comes_last(
    lab, build
):
    await lab.bring_in(build.a_council(build.a_person("ann"), build.a_person("bob").in_wave("B")))
    later = build.a_council(build.a_person("cai").in_wave("C"))
    lab.move_in(later)

    await lab.apply(await lab.stage(later, confirmed=True))
    again = build.a_council(build.a_person("bob").in_wave("B"))
    await lab.apply(await lab.stage(again, confirmed=True))

    waves = await lab.ledger.list_waves(ROLLOUT)
    assert [(w.name, w.position) for w in waves] == [("Pilot", 0), ("B", 1), ("C", 2)]
