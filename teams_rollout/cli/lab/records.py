"""What a running lab leaves in its folder, so that `lab down` and a second `lab up` find it."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from teams_rollout.cli.addresses import ADDRESSES
from teams_rollout.cli.errors import CliError
from teams_rollout.cli.lab.parts import HOST_STATE, STORAGE_DATA, TENANT_STATE
from teams_rollout.cli.lab.processes import Identity

RECORD = "lab.json"
LOCK = "lab.lock"
# The host keeps its journal, lock and keys beside its state.
DATA = (STORAGE_DATA, f"{HOST_STATE}*", f"{TENANT_STATE}*", "logs")
RESULTS = (
    "demo.json",
    "users.json",
    "tenant-state.json",
    "tenant-effects.jsonl",
    "tenant-requests.json",
)


class LabRunningError(CliError):
    """Another process runs a lab in this folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"A lab already runs in {folder}. Stop it first: rollout lab down")


@dataclass(frozen=True)
class LabRecord:
    """Who runs the lab, on which seed, with which parts."""

    supervisor: Identity
    seed: str
    parts: Mapping[str, Identity]

    def write(self, folder: Path) -> None:
        """Keep it, whole or not at all."""
        draft = folder / f"{RECORD}.new"
        draft.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        draft.replace(folder / RECORD)


def read_record(folder: Path) -> LabRecord | None:
    """The last lab of the folder, running or not; None without one that can be read."""
    try:
        raw = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return LabRecord(
            supervisor=Identity(**raw["supervisor"]),
            seed=str(raw["seed"]),
            parts={key: Identity(**found) for key, found in raw["parts"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextmanager
def sole_owner(folder: Path) -> Iterator[None]:
    """Hold the folder's lab for as long as this process lives.

    Raises:
        LabRunningError: somebody else holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise LabRunningError(folder) from exc
        yield
    finally:
        os.close(descriptor)


def clean(folder: Path) -> None:
    """Remove what labs left here, and nothing else; only its owner may."""
    names = (*DATA, *RESULTS, ADDRESSES, RECORD)
    for path in [found for name in names for found in folder.glob(name)]:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
