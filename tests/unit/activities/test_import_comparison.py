"""What an import changes against what is in force, and which keys people get."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from activities.apply_import import SHARD_SIZE, compare, key_of, place
from activities.reading import TenantReading
from teams_rollout.domain.configuration import ProfileSection, RolloutConfig, RolloutSection
from teams_rollout.domain.observed import Catalogue
from teams_rollout.domain.roster import Assignment, slug
from teams_rollout.ledger.records import RolloutRecord, UserRecord

NOBODY = TenantReading(users={}, configurations={}, catalogue=Catalogue(), groups={})
CONFIG = RolloutConfig(
    rollout=RolloutSection(name="r"), profiles={"office": ProfileSection(skus=("SPE_E3",))}
)
ROLLOUT = RolloutRecord(rollout_id="r", config=CONFIG)


def a_row(name: str, **changes: Any) -> Assignment:
    values = {"line": 2, "upn": f"{name}@r.example", "wave": "Pilot", "profile": "office"}
    return Assignment(**{**values, **changes})


def a_user(number: int, row: Assignment, **changes: Any) -> UserRecord:
    return UserRecord(key=key_of("r", number), assignment=row, wave=slug(row.wave), **changes)


def test_given_a_file_when_compared_then_new_changed_and_missing_are_told_apart() -> None:
    existing = [a_user(n, a_row(name)) for n, name in enumerate(["ann", "bob", "cai"], start=1)]

    diff = compare([a_row("ann"), a_row("bob", wave="Second"), a_row("dai")], existing)

    assert diff.counts == {"new": 1, "changed": 1, "missing": 1, "frozen": 0}
    assert diff.changed[0].key == existing[1].key
    assert diff.changed[0].wave == "second"


def test_given_only_another_line_when_compared_then_nobody_has_changed() -> None:
    diff = compare([a_row("ann", line=99)], [a_user(1, a_row("ann"))])

    assert not any(diff.counts.values())


def test_given_another_spelling_when_compared_then_it_is_the_same_person() -> None:
    diff = compare([a_row("ann", upn="ANN@r.example")], [a_user(1, a_row("ann"))])

    assert (diff.new, diff.missing) == ([], [])


def test_given_a_started_wave_when_compared_then_its_people_are_frozen() -> None:
    existing = [a_user(1, a_row("ann"), started=True)]

    diff = compare([a_row("ann", wave="Second")], existing)

    assert (diff.frozen, diff.changed) == (1, [])


def test_given_missing_people_when_removal_is_asked_then_only_unstarted_ones_go() -> None:
    existing = [a_user(1, a_row("ann"), started=True), a_user(2, a_row("bob"))]
    diff = compare([], existing)

    kept = place(diff, ROLLOUT, NOBODY, existing, remove=False)
    removed = place(diff, ROLLOUT, NOBODY, existing, remove=True)

    assert kept == []
    assert [(u.key.ref, u.removed) for u in removed] == [("u000002", True)]


@given(
    st.lists(st.integers(0, 400), unique=True, max_size=250),
    st.lists(st.integers(0, 400)),
    st.data(),
)
def test_given_any_two_imports_when_placed_then_keys_are_kept_and_never_given_twice(
    first: list[int], second: list[int], data: st.DataObject
) -> None:
    rows = [a_row(f"p{n}", line=n) for n in first]
    existing = place(compare(rows, []), ROLLOUT, NOBODY, [], remove=False)
    again = [a_row(f"p{n}", line=n) for n in dict.fromkeys(second)]

    added = place(compare(again, existing), ROLLOUT, NOBODY, existing, remove=False)

    people = {u.assignment.upn: u.key for u in existing}
    assert not set(people) & {u.assignment.upn for u in added}
    keys = [u.key for u in (*existing, *added)]
    assert len({k.ref for k in keys}) == len(keys)
    shards = [k.shard for k in keys]
    assert all(shards.count(shard) <= SHARD_SIZE for shard in set(shards))


@given(st.integers(1, 999_999))
def test_given_any_number_when_made_a_key_then_a_shard_holds_a_hundred(number: int) -> None:
    key = key_of("r", number)

    assert int(key.ref[1:]) == number
    assert int(key.shard.rpartition(":")[2]) == (number + 99) // 100


def test_given_a_wave_that_is_just_starting_when_compared_then_its_people_are_frozen() -> None:
    existing = [a_user(1, a_row("ann")), a_user(2, a_row("bob"))]

    diff = compare([a_row("ann", wave="Second")], existing, busy={"pilot"})

    assert diff.counts == {"new": 0, "changed": 0, "missing": 0, "frozen": 1}
