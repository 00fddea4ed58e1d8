"""The API's answers as the command reads them. What it does not know yet, it ignores."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from teams_rollout.cli.errors import CliError
from teams_rollout.domain.vocabulary import WaveState

Known = TypeVar("Known", bound="Answer")


class Answer(BaseModel):
    """Base of every answer: a value that newer APIs may add to."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Wave(Answer):
    """One wave with its counters."""

    wave: str
    state: WaveState
    reason: str | None = ""
    users: int = 0
    by_state: dict[str, int] = Field(default_factory=dict)
    by_code: dict[str, int] = Field(default_factory=dict)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    title: str | None = ""
    pilot: bool = False
    decision: str | None = ""
    position: int = 0


class Batches(Answer):
    """How many of the wave's batches were accepted and are in flight."""

    total: int = 0
    accepted: int = 0
    in_flight: int = 0


class StepCount(Answer):
    """People per outcome of one step.

    Attributes:
        done: verified, found so, or not needed.
        applied: accepted by Microsoft, not seen there yet.
    """

    step: str
    done: int = 0
    applied: int = 0
    waiting: int = 0
    blocked: int = 0
    failed: int = 0
    skipped: int = 0


class Cause(Answer):
    """Why people are not done, by code."""

    code: str
    count: int


class Progress(Answer):
    """A wave while it runs.

    Attributes:
        rate_per_min: people done a minute; None before anybody is.
    """

    wave: str
    state: WaveState
    reason: str | None = ""
    users: int = 0
    batches: Batches = Batches()
    steps: tuple[StepCount, ...] = ()
    causes: tuple[Cause, ...] = ()
    started_at: datetime | None = None
    ended_at: datetime | None = None
    rate_per_min: float | None = None
    eta: datetime | None = None


class Seats(Answer):
    """Licences of one product: what a plan needs, and what there is."""

    sku: str
    needed: int = 0
    free: int = 0
    reserved: int = 0
    short: int = 0


class Change(Answer):
    """One change that a plan foresees."""

    upn: str = ""
    step: str = ""


class GraphLoad(Answer):
    """What a plan will ask of Microsoft Graph."""

    reads: float = 0.0
    writes: float = 0.0
    seconds: float = 0.0


class Plan(Answer):
    """What a wave would do."""

    plan_id: str
    wave: str
    expires_at: datetime | None = None
    users: int = 0
    by_class: dict[str, int] = Field(default_factory=dict)
    by_code: dict[str, int] = Field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    seats: tuple[Seats, ...] = ()
    graph: GraphLoad = GraphLoad()


def understood(kind: type[Known], raw: Any) -> Known:
    """The answer as a value.

    Raises:
        CliError: the API speaks another dialect than this command.
    """
    try:
        return kind.model_validate(raw)
    except ValidationError as exc:
        where = ", ".join(".".join(map(str, fault["loc"])) for fault in exc.errors()[:3])
        text = (
            f"The API's answer is not one this command knows ({kind.__name__}: {where}). "
            "The command and the deployment may be of different versions."
        )
        raise CliError(text) from exc


def by_position(waves: list[Mapping[str, Any]]) -> list[Wave]:
    """The waves in the order in which they go."""
    return sorted((understood(Wave, raw) for raw in waves), key=lambda wave: wave.position)
