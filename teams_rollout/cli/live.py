"""A running wave as a picture for a terminal (or an SVG), and as one plain line for a log."""

from datetime import datetime

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from teams_rollout.cli.answers import Progress, StepCount
from teams_rollout.cli.words import (
    BAD,
    BUSY,
    GOOD,
    QUIET,
    clock,
    counts,
    people,
    span,
    spoken,
    style_of,
)

BAR_WIDTH = 28
CAUSES_SHOWN = 6


def wave_view(
    progress: Progress, *, now: datetime, environment: str = "", footnote: str = ""
) -> RenderableType:
    """The live view: head, a bar per step, rate and finish, causes.

    Args:
        environment: LIVE or REHEARSAL, shown in the frame.
        footnote: a quiet last line while the wave has not closed.
    """
    foot = _foot(progress, footnote=footnote)
    return Panel(
        Group(_head(progress, now=now), Text(""), _steps(progress), Text(""), *foot),
        title=_title(progress, environment),
        title_align="left",
        border_style=style_of(progress.state) or "none",
        width=84,
    )


def wave_line(progress: Progress, *, now: datetime) -> str:
    """The same in one line: time, wave, state, what is finished per step, causes."""
    steps = " ".join(
        f"{spoken(step.step).replace(' ', '-')} {finished(step)}/{progress.users}{_sent(step)}"
        for step in progress.steps
    )
    parts = [f"{clock(now)} {progress.wave}: {spoken(progress.state)}", _batches(progress), steps]
    pace = _pace(progress)
    causes = counts({cause.code: cause.count for cause in progress.causes}, nothing="")
    return " | ".join(part for part in [*parts, pace, causes] if part)


def _sent(step: StepCount) -> str:
    return f" ({step.applied} sent)" if step.applied else ""


def finished(step: StepCount) -> int:
    """People for whom the step is verified, found so or not needed."""
    return step.done


def _title(progress: Progress, environment: str) -> Text:
    mark = f"{environment} · " if environment else ""
    return Text(f"{mark}wave {progress.wave}")


def _head(progress: Progress, *, now: datetime) -> Text:
    facts = [people(progress.users), _batches(progress)]
    if progress.started_at:
        end = progress.ended_at or now
        facts.insert(1, span((end - progress.started_at).total_seconds()))
    state = (spoken(progress.state), f"bold {style_of(progress.state)}".strip())
    head = Text.assemble(state, " · ", " · ".join(facts))
    if progress.reason:
        head.append(f"\n{progress.reason}", style=BAD)
    return head


def _batches(progress: Progress) -> str:
    batches = progress.batches
    text = f"batches {batches.accepted}/{batches.total} accepted"
    return f"{text}, {batches.in_flight} in flight" if batches.in_flight else text


def _steps(progress: Progress) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=16)
    table.add_column(width=BAR_WIDTH)
    table.add_column(justify="right", width=11)
    table.add_column()
    for step in progress.steps:
        total = max(progress.users, 1)
        bar = ProgressBar(
            total=total,
            completed=min(finished(step), total),
            width=BAR_WIDTH,
            complete_style=GOOD,
            finished_style=GOOD,
        )
        table.add_row(spoken(step.step), bar, f"{finished(step):,}/{progress.users:,}", _rest(step))
    return table


def _rest(step: StepCount) -> Text:
    rest = Text()
    for number, word, style in (
        (step.applied, "sent", BUSY),
        (step.waiting, "waiting", BUSY),
        (step.blocked, "blocked", BAD),
        (step.failed, "failed", BAD),
    ):
        if number:
            rest.append(f"{number:,} {word} ", style=style)
    return rest


def _foot(progress: Progress, *, footnote: str) -> list[RenderableType]:
    lines: list[RenderableType] = []
    pace = _pace(progress)
    if pace:
        lines.append(Text(pace))
    if progress.causes:
        lines.append(Text.assemble(("causes: ", QUIET), _causes(progress)))
    if footnote and not progress.state.is_closed:
        lines.append(Text(footnote, style=QUIET))
    return lines


def _causes(progress: Progress) -> str:
    ordered = sorted(progress.causes, key=lambda cause: -cause.count)
    shown = ", ".join(f"{cause.code} {cause.count:,}" for cause in ordered[:CAUSES_SHOWN])
    more = len(ordered) - CAUSES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _pace(progress: Progress) -> str:
    parts = []
    if progress.rate_per_min:
        parts.append(f"{progress.rate_per_min:,.0f} people/min")
    if progress.eta and not progress.state.is_closed:
        parts.append(f"done about {clock(progress.eta)}")
    return " · ".join(parts)
