"""The state file."""

from pathlib import Path

import pytest

from teams_rollout.localhost import instances, mailbox
from teams_rollout.localhost.commit import Start, commit_turn, start_instance
from teams_rollout.localhost.protocol import EventType, RuntimeStatus, make_event, to_text, utc_now
from teams_rollout.localhost.store import StateFileError, Store
from teams_rollout.localhost.tasks import ActivityCall
from teams_rollout.localhost.turn import Outcome


@pytest.fixture
def store(tmp_path: Path):
    opened = Store(tmp_path / "state.db")
    yield opened
    opened.close()


def begin(store: Store, instance_id: str = "one") -> instances.Instance:
    with store.transaction() as db:
        return start_instance(db, Start(instance_id, "f", "", '"1"'), now=utc_now())


def test_given_an_error_inside_when_a_transaction_ends_then_nothing_is_kept(store: Store):
    def break_off() -> None:
        with store.transaction() as db:
            start_instance(db, Start("one", "f", "", None), now=utc_now())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()

    assert instances.read(store.db, "one") is None
    assert mailbox.due_times(store.db) == []


def test_given_a_start_when_committed_then_instance_and_message_are_both_there(store: Store):
    begin(store)

    (message,) = mailbox.waiting(store.db, "one", now=utc_now().timestamp())
    assert message.event["EventType"] == EventType.EXECUTION_STARTED
    assert message.event["Version"] is None


def test_given_continue_as_new_when_committed_then_only_messages_for_any_execution_stay(
    store: Store,
):
    instance = begin(store)
    event = make_event(EventType.EVENT_RAISED, at=to_text(utc_now()), Name="E", Input="1")
    timer = make_event(EventType.TIMER_FIRED, at=to_text(utc_now()), TimerId=0)
    outcome = Outcome(RuntimeStatus.CONTINUED_AS_NEW, (), continue_as_new=("2",))

    with store.transaction() as db:
        mailbox.post(db, "one", event, due=0)
        mailbox.post(db, "one", timer, due=0, execution_id=instance.execution_id)
        commit_turn(db, instance, outcome, taken=[], now=utc_now(), default_version="")

    renewed = instances.read(store.db, "one")
    waiting = mailbox.waiting(store.db, "one", now=utc_now().timestamp())
    kinds = [message.event["EventType"] for message in waiting]
    assert renewed is not None
    assert renewed.execution_id != instance.execution_id
    assert kinds == [EventType.EVENT_RAISED, EventType.EXECUTION_STARTED]


def test_given_an_instance_that_loops_when_all_pages_are_read_then_it_comes_once(store: Store):
    """Continue-as-new is a new creation: by age, the last page would move away for ever."""
    for instance_id in ("a", "b", "c"):
        begin(store, instance_id)
    outcome = Outcome(RuntimeStatus.CONTINUED_AS_NEW, (), continue_as_new=("2",))
    seen: list[str] = []

    for _ in range(6):
        after = seen[-1] if seen else None
        for found in instances.search(store.db, instances.Filter(), after=after, most=1):
            seen.append(found.id)
            with store.transaction() as db:
                commit_turn(db, found, outcome, taken=[], now=utc_now(), default_version="")

    assert seen == ["a", "b", "c"]


def test_given_a_turn_when_committed_then_history_and_outbox_grow_together(store: Store):
    instance = begin(store)
    outcome = Outcome(
        RuntimeStatus.RUNNING,
        [make_event(EventType.ORCHESTRATOR_STARTED, at=to_text(utc_now()))],
        scheduled=[ActivityCall(0, "A", "1")],
    )

    with store.transaction() as db:
        effects = commit_turn(db, instance, outcome, taken=[1], now=utc_now(), default_version="")

    assert [task.name for task in effects.activities] == ["A"]
    assert mailbox.unsent(store.db) == effects.activities
    assert '"EventType": 12' in instances.history(store.db, "one")
    assert mailbox.finish(store.db, effects.activities[0])
    assert not mailbox.finish(store.db, effects.activities[0])


def test_given_an_open_file_when_opened_again_then_it_is_refused(store: Store):
    with pytest.raises(StateFileError, match="in use"):
        Store(store.path)


def test_given_a_later_format_when_opened_then_it_is_refused_and_kept(tmp_path: Path):
    path = tmp_path / "state.db"
    later = Store(path)
    later.db.execute("pragma user_version = 99")
    later.close()

    with pytest.raises(StateFileError, match="format 99"):
        Store(path)


def test_given_a_closed_file_when_opened_again_then_everything_is_there(tmp_path: Path):
    first = Store(tmp_path / "state.db")
    begin(first)
    first.close()

    again = Store(tmp_path / "state.db")

    assert instances.read(again.db, "one") is not None
    again.close()
