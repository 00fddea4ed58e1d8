"""What `rollout doctor` sees of a storage account."""

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
