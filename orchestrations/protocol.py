"""The part of the Durable Functions context that our orchestrations use.

One protocol keeps the bodies independent of the SDK's version: the 1.x context, the 2.x
compatibility context and the tests' driver all satisfy it (ADR 0002).
"""

from collections.abc import Generator
from datetime import datetime
from typing import Any, Protocol

Task = Any
"""An SDK task; yielded to the engine, which answers with its result."""

Steps = Generator[Task, Any, Any]
"""A part of an orchestration: yields tasks, returns a value through `yield from`."""


class Timer(Protocol):
    """A durable timer."""

    def cancel(self) -> None:
        """Withdraw the timer; an open one would keep the instance running."""
        ...


class OrchestrationContext(Protocol):
    """What an orchestration may ask of its engine."""

    @property
    def instance_id(self) -> str: ...

    @property
    def current_utc_datetime(self) -> datetime: ...

    def get_input(self) -> Any: ...
    def call_activity(self, name: str, input_: Any = None) -> Task: ...
    def call_sub_orchestrator(
        self, name: str, input_: Any = None, instance_id: str | None = None
    ) -> Task: ...
    def create_timer(self, fire_at: datetime) -> Any: ...
    def wait_for_external_event(self, name: str) -> Task: ...
    def task_any(self, activities: list[Task]) -> Task: ...
    def task_all(self, activities: list[Task]) -> Task: ...
    def continue_as_new(self, input_: Any) -> None: ...
