"""What the entry points ask of the rest: services of the process and a starter of orchestrations.

The composition builds the services; `durable.DurableStarter` is the starter in a Functions host.
"""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from teams_rollout.domain.vocabulary import Environment
from teams_rollout.ledger.ports import Ledger


class InstanceState(StrEnum):
    """What has become of an orchestration instance."""

    ABSENT = "absent"
    RUNNING = "running"  # also pending and suspended
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # also terminated


class Starter(Protocol):
    """Starts, asks and wakes orchestrations; never exposes the engine's management addresses."""

    async def start(self, orchestration: str, *, instance_id: str, payload: dict[str, Any]) -> None:
        """Start the instance unless one with this id exists, in whatever state."""
        ...

    async def status(self, instance_id: str) -> InstanceState: ...

    async def raise_wake(self, instance_id: str) -> None:
        """Tell a running instance to look at the ledger; nobody there is no error."""
        ...


class AccessSettings(Protocol):
    """The settings that decide who is let in."""

    @property
    def environment(self) -> Environment: ...
    @property
    def easy_auth(self) -> bool:
        """Whether App Service authentication stands in front of the app."""
        ...

    @property
    def dev_identity(self) -> str: ...
    @property
    def graph_tenant_id(self) -> str: ...


class AppSettings(AccessSettings, Protocol):
    """All settings that the entry points know of."""

    @property
    def is_simulated(self) -> bool:
        """Whether Graph is a simulator on this machine."""
        ...

    @property
    def time_scale(self) -> float: ...
    @property
    def host_name(self) -> str:
        """Name under which others reach the deployed app; empty where there is none."""
        ...

    @property
    def quota_model(self) -> str: ...
    @property
    def graph_share(self) -> float: ...


class Services(Protocol):
    """What a request needs of the process."""

    @property
    def ledger(self) -> Ledger: ...
    @property
    def settings(self) -> AppSettings: ...
    @property
    def clock(self) -> Callable[[], datetime]:
        """Now, as an aware UTC time."""
        ...


ServicesProvider = Callable[[], Services]
"""Builds the services on first use; raises ValueError (also pydantic's) for a wrong setting."""
