"""The helpdesk's pages as text: values in, HTML out. They work without scripts.

No page puts a name into its address or title, and nothing is fetched from anywhere else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment as Templates
from jinja2 import PackageLoader, StrictUndefined

from teams_rollout.domain.codes import reason
from teams_rollout.domain.notices import NOTICE_STEPS
from teams_rollout.domain.vocabulary import STEP_ORDER, Environment
from teams_rollout.entrypoints.views import LookupItem, StepItem, UserView
from teams_rollout.portal import wording
from teams_rollout.portal.assets import asset_path


@dataclass(frozen=True)
class Frame:
    """What every page shows around its content.

    Attributes:
        environment: None when not even the settings could be read.
        timezone: IANA name; all times are shown in it.
    """

    environment: Environment | None
    rollout_name: str = ""
    timezone: str = "Europe/London"


@dataclass(frozen=True)
class StepLine:
    """One row of the table of steps."""

    step: str
    outcome: str
    why: str
    at: str


@dataclass(frozen=True)
class EventLine:
    """One row of the timeline."""

    at: str
    step: str
    outcome: str
    why: str
    is_notice: bool = False


@cache
def _templates() -> Templates:
    templates = Templates(
        loader=PackageLoader("teams_rollout.portal"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals["asset_path"] = asset_path
    return templates


def _render(name: str, frame: Frame, **values: Any) -> str:
    zone = wording.zone_words(frame.timezone)
    return _templates().get_template(name).render(frame=frame, zone=zone, **values)


def search_page(frame: Frame, *, error: str = "") -> str:
    """The search form, with what was wrong about the last search."""
    return _render("search.html", frame, error=error, query="")


def results_page(frame: Frame, *, query: str, hits: Sequence[LookupItem], more: bool) -> str:
    """The people who were found; none or several."""
    return _render("results.html", frame, query=query, hits=hits, more=more, error="")


def problem_page(frame: Frame, *, title: str, detail: str, do: str) -> str:
    """What went wrong, why, and what to do."""
    return _render("problem.html", frame, title=title, detail=detail, do=do)


def person_page(frame: Frame, person: UserView) -> str:
    """Everything that the helpdesk needs to help one person."""
    return _render(
        "person.html",
        frame,
        person=person,
        answer=wording.ANSWERS[person.answer],
        answer_class=person.answer.replace(" ", "-"),
        state=wording.STATES[person.state],
        since=_time(person.since, frame),
        steps=_step_lines(person, frame),
        told=[e for e in _event_lines(person, frame) if e.is_notice],
        events=_event_lines(person, frame),
        ticket=ticket_text(frame, person),
    )


def _time(at: Any, frame: Frame) -> str:
    return wording.local_time(at, timezone=frame.timezone) if at else ""


def _why(code: str) -> str:
    return reason(code).sentence if code else ""


def _step_lines(person: UserView, frame: Frame) -> list[StepLine]:
    known = {item.step: item for item in person.steps}
    return [_step_line(s.value, known.get(s.value), frame) for s in STEP_ORDER]


def _step_line(step: str, item: StepItem | None, frame: Frame) -> StepLine:
    if item is None:
        return StepLine(wording.step_words(step), wording.NOT_BEGUN, "", "")
    outcome = "verified" if item.verified_at else item.outcome
    return StepLine(
        step=wording.step_words(step),
        outcome=wording.outcome_words(outcome),
        why=_why(item.code),
        at=_time(item.verified_at or item.at, frame),
    )


def _event_lines(person: UserView, frame: Frame) -> list[EventLine]:
    return [
        EventLine(
            at=_time(event.at, frame),
            step=wording.step_words(event.step),
            outcome=wording.outcome_words(event.outcome),
            why=_why(event.code) + (f" They say: {event.detail}" if event.detail else ""),
            is_notice=event.step in NOTICE_STEPS,
        )
        for event in person.timeline
    ]


def ticket_text(frame: Frame, person: UserView) -> str:
    """Text to be copied into a ticket: who, where they are, why, who acts next."""
    environment = frame.environment.value if frame.environment else "unknown"
    state = wording.STATES[person.state]
    lines = [
        f"Teams rollout ({environment}): {person.upn}",
        f"Can use Teams now: {wording.ANSWERS[person.answer]}",
        f"State: {state}{f' ({person.code})' if person.code else ''}, wave {person.wave}",
    ]
    if person.since:
        lines.append(f"Since: {_time(person.since, frame)} ({wording.zone_words(frame.timezone)})")
    lines.append(f"Why: {person.sentence}")
    if person.do:
        lines.append(f"Next: {person.do}")
    if person.owner:
        lines.append(f"Owner: {person.owner}")
    lines.append(f"Reference: {person.ref}")
    return "\n".join(lines)
