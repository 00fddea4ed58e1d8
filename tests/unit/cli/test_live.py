"""The picture of a running wave, and the same in one line."""

from datetime import UTC, datetime, timedelta
from io import StringIO

from rich.console import Console

from teams_rollout.cli.answers import Progress
from teams_rollout.cli.live import wave_line, wave_view
from teams_rollout.domain.vocabulary import WaveState

NOW = datetime(2026, 11, 21, 10, 0, 30, tzinfo=UTC)
RUNNING = Progress.model_validate(
    {
        "wave": "pilot [a]",
        "state": "running",
        "users": 250,
        "batches": {"total": 3, "accepted": 1, "in_flight": 2},
        "steps": [
            {"step": "license", "done": 125, "applied": 20, "blocked": 2},
            {"step": "policies", "done": 0},
        ],
        "causes": [
            {"code": f"cause_{number}", "count": number, "later_field": True} for number in range(9)
        ],
        "started_at": NOW - timedelta(seconds=90),
        "rate_per_min": 130.4,
        "eta": NOW + timedelta(minutes=1),
    }
)


def picture(progress: Progress, *, width: int = 100, footnote: str = "") -> str:
    """What a terminal would show."""
    screen = Console(file=StringIO(), record=True, width=width, force_terminal=True)
    screen.print(wave_view(progress, now=NOW, environment="REHEARSAL", footnote=footnote))
    return screen.export_text(styles=False)


def test_given_a_running_wave_when_drawn_then_what_a_person_looks_for():
    seen = picture(RUNNING)

    for text in (
        *("REHEARSAL", "wave pilot [a]", "running", "250 people", "1 min 30 s"),
        *("batches 1/3 accepted, 2 in flight", "licence", "125/250", "20 sent", "2 blocked"),
        *("130 people/min", "done about"),
    ):
        assert text in seen


def test_given_many_causes_when_drawn_then_the_largest_and_how_many_more():
    seen = " ".join(picture(RUNNING).replace("│", "").split())

    assert "cause_8 8" in seen
    assert "and 3 more" in seen
    assert "cause_0" not in seen


def test_given_changes_that_are_sent_when_written_as_a_line_then_they_are_counted():
    line = wave_line(RUNNING, now=NOW)

    assert "licence 125/250 (20 sent) policies 0/250 |" in line


def test_given_a_footnote_when_the_wave_has_closed_then_it_is_gone():
    closed = RUNNING.model_copy(update={"state": WaveState.COMPLETED})

    assert "goes on" in picture(RUNNING, footnote="The work goes on.")
    assert "goes on" not in picture(
        Progress.model_validate(closed.model_dump()), footnote="goes on"
    )


def test_given_a_terminal_of_80_columns_when_drawn_then_no_line_is_longer():
    assert max(map(len, picture(RUNNING, width=80).splitlines())) <= 80


def test_given_a_picture_when_exported_then_it_is_an_svg():
    screen = Console(file=StringIO(), record=True, width=100)
    screen.print(wave_view(RUNNING, now=NOW))

    assert screen.export_svg(title="a wave").startswith("<svg")


def test_given_a_halted_wave_when_drawn_then_the_reason_stands_there():
    halted = RUNNING.model_dump() | {"state": "halted", "reason": "gate: 3 failed"}

    assert "gate: 3 failed" in picture(Progress.model_validate(halted))


def test_given_a_wave_when_written_as_a_line_then_state_steps_and_causes():
    line = wave_line(RUNNING, now=NOW)

    assert "\n" not in line
    assert "pilot [a]: running" in line
    assert "licence 125/250" in line
    assert "cause_8 8" in line


def test_given_nobody_yet_when_drawn_then_nothing_breaks():
    empty = Progress.model_validate({"wave": "w", "state": "scheduled"})

    assert "scheduled" in picture(empty)
    assert wave_line(empty, now=NOW)
