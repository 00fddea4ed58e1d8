"""Storage queues as bindings name them: by queue and by the setting of a connection (localhost)."""

import os
from collections.abc import Mapping
from typing import Any, Final

from azure.core.exceptions import ResourceExistsError
from azure.storage.queue.aio import QueueClient

from teams_rollout.localhost.config import ConfigError

DEFAULT_CONNECTION: Final = "AzureWebJobsStorage"


def open_queue(binding: Mapping[str, Any], *, suffix: str = "") -> QueueClient:
    """Return a client for the queue that a binding names.

    Args:
        suffix: appended to the queue's name, such as `-poison`.

    Raises:
        ConfigError: the connection's setting is missing.
    """
    setting = str(binding.get("connection") or DEFAULT_CONNECTION)
    name = f"{binding['queueName']}{suffix}".lower()
    for candidate in (setting, f"AzureWebJobs{setting}"):
        if os.environ.get(candidate):
            return QueueClient.from_connection_string(os.environ[candidate], name)
        address = os.environ.get(f"{candidate}__queueServiceUri")
        if address:
            return _with_identity(address, name)
    raise ConfigError(f"The queue {name} needs the setting {setting}, which does not exist.")


async def ensure_queue(queue: QueueClient) -> None:
    """Make the queue when it is missing."""
    try:
        await queue.create_queue()
    except ResourceExistsError:
        return


def _with_identity(address: str, name: str) -> QueueClient:
    from azure.identity.aio import DefaultAzureCredential  # noqa: PLC0415 - slow, seldom needed

    return QueueClient(address, name, credential=DefaultAzureCredential())
