"""What the doctor and the stocktaking see of a storage account."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class StorageLook:
    """One look at the account.

    Attributes:
        is_emulator: Azurite, by its address.
        missing: tables and queues of ours that are not there.
        time: the account's own time, in whole seconds; None if it did not say.
    """

    is_emulator: bool
    missing: tuple[str, ...]
    time: datetime | None


@dataclass(frozen=True)
class QueueLook:
    """One look at a queue.

    Attributes:
        messages: about how many there are, those that are being handled included.
        oldest_at: when the oldest of the next messages was put there; None = nothing waits.
    """

    name: str
    messages: int
    oldest_at: datetime | None
