"""People to columns and back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from teams_rollout.domain.observed import LicenseState, ObservedUser
from teams_rollout.domain.progress import StepRecord
from teams_rollout.domain.vocabulary import CoexistenceMode, Homing, Outcome, Step
from teams_rollout.ledger import people
from teams_rollout.ledger.codec import Row, TooLarge
from teams_rollout.ledger.records import TimelineEvent, UserRecord, UserUpdate

MakePerson = Callable[..., UserRecord]

NOW = datetime(2026, 3, 2, 9, 30, 15, 250_000, tzinfo=UTC)
DONE = StepRecord(outcome=Outcome.APPLIED, at=NOW, attempts=2, reference="request-1")
SHARD = "council:0001"


def stored(*layers: people.Columns) -> list[Row]:
    """The rows after each layer was merged over the ones before."""
    rows: dict[str, Row] = {}
    for layer in layers:
        for key, properties in layer.items():
            rows.setdefault(key, {"PartitionKey": SHARD, "RowKey": key}).update(properties)
    return list(rows.values())


def test_a_full_person_comes_back_as_written(make_person: MakePerson) -> None:
    person = make_person(
        assigned={"teams": ("Finance", "Adult Social Care"), "phone_number": "+441632960001"},
        shown={
            "licenses": (LicenseState(sku_id="sku", disabled_plans=("a", "b"), group_id="g"),),
            "homing": Homing.ON_PREMISES,
            "explicit_mode": CoexistenceMode.ISLANDS,
            "policies": {"TeamsMeetingPolicy": "Staff"},
            "in_teams": ("Finance",),
        },
        object_id="id-1",
        batch=3,
        started=True,
        steps={Step.LICENSE: DONE, Step.POLICIES: DONE.model_copy(update={"verified_at": NOW})},
        removed=True,
    )
    assert people.assemble(SHARD, stored(people.whole_columns([person]))) == [person]


def test_somebody_microsoft_does_not_know_comes_back_without_observation(
    make_person: MakePerson,
) -> None:
    person = make_person(observed=None)
    assert people.assemble(SHARD, stored(people.whole_columns([person]))) == [person]


def test_writing_a_person_again_clears_what_is_gone(make_person: MakePerson) -> None:
    before = make_person(steps={Step.LICENSE: DONE}, batch=4, started=True, object_id="id-1")
    after = make_person(observed=None)
    rows = stored(people.whole_columns([before]), people.whole_columns([after]))
    assert people.assemble(SHARD, rows) == [after]


def test_updates_of_different_steps_touch_no_common_row() -> None:
    rows = [
        set(people.changed_columns([UserUpdate(ref="u000001", steps={step: DONE})]))
        for step in Step
    ]
    assert len(set.union(*rows)) == sum(map(len, rows)) == len(Step)


CHANGES: dict[str, Any] = {
    "steps": {Step.COEXISTENCE: DONE},
    "observed": ObservedUser(id="id-9", upn="new.name@council.example"),
    "object_id": "id-9",
    "batch": 7,
    "started": True,
}


def test_every_field_of_an_update_has_a_sample_here() -> None:
    # A new field must get a column, or its updates would be lost in silence.
    assert CHANGES.keys() == UserUpdate.model_fields.keys() - {"ref", "events", "cleared"}


def test_an_update_can_forget_a_step(make_person: MakePerson) -> None:
    person = make_person(steps={Step.LICENSE: DONE, Step.POLICIES: DONE})
    update = UserUpdate(ref="u000001", cleared=(Step.LICENSE,))
    rows = stored(people.whole_columns([person]), people.changed_columns([update]))
    assert people.assemble(SHARD, rows) == [
        person.model_copy(update={"steps": {Step.POLICIES: DONE}})
    ]


@pytest.mark.parametrize("field", CHANGES)
def test_an_update_changes_its_field_and_nothing_else(field: str, make_person: MakePerson) -> None:
    person, other = make_person(1, object_id="id-1"), make_person(2)
    update = UserUpdate.model_validate({"ref": "u000001", field: CHANGES[field]})
    rows = stored(people.whole_columns([person, other]), people.changed_columns([update]))
    expected = person.model_copy(update={field: CHANGES[field]})
    assert people.assemble(SHARD, rows) == [expected, other]


def test_only_the_people_asked_for_are_built(make_person: MakePerson) -> None:
    rows = stored(people.whole_columns([make_person(n) for n in range(1, 6)]))
    found = people.assemble(SHARD, rows, refs={"u000002", "u000004", "u000099"})
    assert [p.key.ref for p in found] == ["u000002", "u000004"]


def test_a_timeline_is_newest_first_and_only_ones_own() -> None:
    def event(minute: int, step: str) -> TimelineEvent:
        return TimelineEvent(at=NOW + timedelta(minutes=minute), step=step, outcome="applied")

    commits = [
        [UserUpdate(ref="u000001", events=(event(0, "resolve"), event(1, "license")))],
        [
            UserUpdate(ref="u000001", events=(event(3, "policies"),)),
            UserUpdate(ref="u000002", events=(event(2, "license"),)),
        ],
    ]
    rows = [
        {"RowKey": f"e|{9 - n}", **people.event_properties(updates)}
        for n, updates in enumerate(commits)
    ]
    assert [e.step for e in people.timeline("u000001", rows)] == ["policies", "license", "resolve"]
    assert [e.step for e in people.timeline("u000002", rows)] == ["license"]


def test_a_kept_snapshot_is_never_taken_again() -> None:
    first = ObservedUser(id="id-1", upn="one@council.example")
    second = first.model_copy(update={"usage_location": "GB"})
    kept = stored(people.missing_snapshots([], [("u000001", first)], at=NOW))
    assert people.missing_snapshots(kept, [("u000001", second)], at=NOW) == {}
    both = people.missing_snapshots([], [("u000001", first), ("u000001", second)], at=NOW)
    assert people.snapshots_in(stored(both)) == {"u000001": first}


def test_a_person_too_large_for_a_property_is_refused_by_name() -> None:
    many = tuple(f"plan-{n:030}" for n in range(1_000))
    observed = ObservedUser(
        id="id-1",
        upn="one@council.example",
        licenses=(LicenseState(sku_id="sku", disabled_plans=many),),
    )
    with pytest.raises(TooLarge, match="u000001"):
        people.changed_columns([UserUpdate(ref="u000001", observed=observed)])
