"""Answers as tables for people, one function per kind of answer."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from teams_rollout.cli.answers import Plan, Wave
from teams_rollout.cli.console import console
from teams_rollout.cli.words import counts, moment, people, span, spoken, style_of

Row = Mapping[str, Any]


LEAST_WIDTHS = {"codes": 27}
"""So wide that a usual code is not broken in a window of 80 columns."""


def grid(title: str, *columns: str) -> Table:
    """An empty table in the house form."""
    table = Table(
        title=Text(title), title_justify="left", header_style="bold", box=None, pad_edge=False
    )
    for column in columns:
        table.add_column(column, overflow="fold", min_width=LEAST_WIDTHS.get(column))
    return table


def show(table: Table, *, nothing: str) -> None:
    """Print a table, or a sentence if it has no rows."""
    if table.row_count:
        console().print(table)
    else:
        console().print(nothing, markup=False)


def cells(*values: object) -> list[Text]:
    """Cells as literal text: names of people may hold square brackets."""
    return [Text("" if value is None else str(value)) for value in values]


def state_cell(state: str) -> Text:
    """A state in its colour."""
    return Text(state, style=style_of(state))


def faults(found: Sequence[Row]) -> Table:
    """Every fault of an import."""
    table = grid("Faults", "file", "line", "column", "code", "what is wrong")
    for fault in found:
        names = ("file", "line", "column", "code", "message")
        table.add_row(*cells(*(fault.get(name) for name in names)))
    return table


def waves(rows: Sequence[Wave]) -> Table:
    """All waves, one line each."""
    table = grid("Waves", "wave", "state", "people", "where they are", "codes", "decision")
    for wave in rows:
        table.add_row(
            Text(wave.wave),
            state_cell(wave.state),
            str(wave.users),
            counts(wave.by_state),
            counts(wave.by_code, nothing=""),
            _decision(wave),
        )
    return table


def wave_details(wave: Wave) -> Table:
    """One wave, one line per fact."""
    table = grid(f"Wave {wave.wave}", "", "")
    table.show_header = False
    facts = {
        "title": wave.title,
        "state": spoken(wave.state),
        "reason": wave.reason,
        "people": wave.users,
        "where they are": counts(wave.by_state),
        "codes": counts(wave.by_code),
        "started": moment(wave.started_at),
        "ended": moment(wave.ended_at),
        "decision": _decision(wave),
    }
    for name, value in facts.items():
        if value not in ("", None):
            table.add_row(*cells(name, value))
    return table


def hand_offs(rows: Sequence[Row]) -> Table:
    """Who waits for another team, one line per wave and team."""
    figures = ("people", "not_ready", "on_hold", "refused")
    table = grid("Hand-offs", "wave", "addressee", *(spoken(name) for name in figures), "since")
    for row in rows:
        who = cells(row["wave"], spoken(row["addressee"]))
        table.add_row(*who, *cells(*(row[name] for name in figures), moment(row["since"])))
    return table


def functions(rows: Sequence[Row]) -> Table:
    """What a function app serves, one line each: a route, a queue, a schedule, or durable."""
    table = grid("Functions", "function", "trigger", "where")
    for row in rows:
        trigger = row["config"]["bindings"][0]
        where = row["invoke_url_template"] or trigger.get("queueName") or trigger.get("schedule")
        table.add_row(*cells(row["name"], trigger["type"].removesuffix("Trigger"), where))
    return table


def plan_lines(plan: Plan) -> list[str]:
    """A plan in sentences: who, what, what it costs."""
    steps = Counter(change.step for change in plan.changes)
    changed = len({change.upn for change in plan.changes})
    lines = [
        f"Plan {plan.plan_id} for wave {plan.wave}: {people(plan.users)}",
        f"  kinds of people  {counts(plan.by_class)}",
        f"  codes            {counts(plan.by_code)}",
        f"  changes          {len(plan.changes):,} for {people(changed)}: {_by_step(steps)}",
        f"  Microsoft Graph  about {plan.graph.reads:,.0f} reads, {plan.graph.writes:,.0f} writes, "
        f"{span(plan.graph.seconds)}",
    ]
    if plan.expires_at:
        lines.append(f"  figures hold to  {moment(plan.expires_at)}")
    return [*lines, "Nothing has been changed."]


def seats(plan: Plan) -> Table:
    """Licences that a plan needs."""
    table = grid("Licences", "sku", "needed", "free", "reserved", "short")
    for seat in plan.seats:
        short = Text(str(seat.short), style="bold red" if seat.short else "")
        row = cells(seat.sku, seat.needed, seat.free, seat.reserved)
        table.add_row(*row, short)
    return table


def users(rows: Sequence[Row]) -> Table:
    """People, one line each."""
    table = grid("People", "upn", "wave", "state", "code", "step", "since")
    for user in rows:
        table.add_row(
            *cells(user.get("upn"), user.get("wave")),
            state_cell(str(user.get("state") or "")),
            *cells(user.get("code"), user.get("step"), moment(user.get("since"))),
        )
    return table


def user_details(user: Row) -> list[Table]:
    """One person: the summary, the steps, the timeline."""
    steps = grid("Steps", "step", "outcome", "code", "at")
    for step in user.get("steps") or ():
        when = moment(step.get("at"))
        steps.add_row(*cells(spoken(step["step"]), step.get("outcome"), step.get("code"), when))
    timeline = grid("Timeline", "at", "what")
    for event in user.get("timeline") or ():
        timeline.add_row(*cells(moment(event.get("at")), _event(event)))
    return [users([user]), steps, timeline]


def drift(rows: Sequence[Row]) -> Table:
    """Differences between what was agreed and what the tenant shows."""
    table = grid("Drift", "upn", "kind", "detail", "decision", "id")
    for item in rows:
        names = ("upn", "kind", "detail", "decision", "id")
        table.add_row(*cells(*(item.get(name) for name in names)))
    return table


def audit(rows: Sequence[Row]) -> Table:
    """Who did what, in the API's order (newest first)."""
    table = grid("Audit", "at", "who", "action", "what", "detail", "")
    for entry in rows:
        facts = [entry.get(name) for name in ("actor", "action", "target", "detail")]
        mark = "rehearsal" if entry.get("rehearsal") else ""
        table.add_row(*cells(moment(entry.get("at")), *facts, mark))
    return table


def checks(found: Sequence[Row]) -> Table:
    """What the doctor looked at, with what to do about it."""
    table = grid("Doctor", "", "check", "what is", "what to do")
    for check in found:
        ok = bool(check.get("ok"))
        mark = Text("ok") if ok else Text("ACT", style="bold red")
        table.add_row(mark, *cells(*(check.get(name) for name in ("check", "detail", "do"))))
    return table


def _decision(wave: Wave) -> str:
    if wave.decision:
        return wave.decision
    return "still to be taken" if wave.pilot else ""


def _by_step(steps: Mapping[str, int]) -> str:
    return counts({spoken(step): number for step, number in steps.items()})


def _event(event: Row) -> str:
    names = ("text", "what", "step", "outcome", "code", "detail")
    return " ".join(str(event[name]) for name in names if event.get(name))


def notices(rows: Sequence[Row]) -> Table:
    """What sending each kind of notice would do."""
    table = grid("Notices", "kind", "day", "by mail", "on lists", "told", "uncertain", "left out")
    for row in rows:
        figures = (f"{row[name]:,}" for name in ("mail", "list", "told", "uncertain"))
        out = counts(row["left_out"])
        table.add_row(*cells(row["kind"], row.get("date"), *figures, out))
    return table


def notice_people(rows: Sequence[Row]) -> Table:
    """People and how one notice reaches them."""
    table = grid("People", "person", "name", "way", "why not", "told", "at")
    for row in rows:
        names = ("upn", "display_name", "way", "reason", "mark")
        table.add_row(*cells(*(row.get(name) for name in names), moment(row.get("at"))))
    return table
