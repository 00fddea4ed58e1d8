"""The starter over the Durable Functions client that a trigger is given."""

import logging
from contextvars import ContextVar
from typing import Any

from azure.durable_functions import DurableOrchestrationClient, OrchestrationRuntimeStatus

from teams_rollout.contracts import names, signals
from teams_rollout.entrypoints.ports import InstanceState, Starter
from teams_rollout.tracing import function_span

logger = logging.getLogger(__name__)

_ENDED = {
    OrchestrationRuntimeStatus.Completed: InstanceState.SUCCEEDED,
    OrchestrationRuntimeStatus.Failed: InstanceState.FAILED,
    OrchestrationRuntimeStatus.Terminated: InstanceState.FAILED,
    OrchestrationRuntimeStatus.Canceled: InstanceState.FAILED,
}


class DurableStarter:
    """Starts and wakes instances; safe to repeat, because every id says what it is for."""

    def __init__(self, client: DurableOrchestrationClient) -> None:
        self._client = client

    async def start(self, orchestration: str, *, instance_id: str, payload: dict[str, Any]) -> None:
        """Start the instance unless one with this id exists, in whatever state."""
        # `start_new` would silently replace an instance that has ended.
        if await self.status(instance_id) is not InstanceState.ABSENT:
            return
        with function_span(f"start {orchestration}", payload) as span:
            span.set_attribute(signals.INSTANCE, instance_id)
            try:
                await self._client.start_new(
                    orchestration, instance_id=instance_id, client_input=payload
                )
            except Exception:
                # The SDK raises bare Exception; somebody else may have started it meanwhile.
                if await self.status(instance_id) is InstanceState.ABSENT:
                    raise
        logger.info(
            "Orchestration started",
            extra={"action": "orchestration_started", "instance_id": instance_id},
        )

    async def status(self, instance_id: str) -> InstanceState:
        """Where the instance is; `absent` if it was never started or has been purged."""
        status = await self._client.get_status(instance_id)
        if not status or status.runtime_status is None:
            return InstanceState.ABSENT
        return _ENDED.get(status.runtime_status, InstanceState.RUNNING)

    async def raise_wake(self, instance_id: str) -> None:
        """Raise the wake event; an instance that has ended or never was needs none."""
        try:
            await self._client.raise_event(instance_id, names.WAKE)
        except Exception:
            # 404 and 410 arrive as bare Exception, like everything else.
            if await self.status(instance_id) is InstanceState.RUNNING:
                raise


current_starter: ContextVar[Starter] = ContextVar("current_starter")
"""The starter of the invocation that serves the current request."""
