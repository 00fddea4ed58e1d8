"""From three uploaded files to a staged import: sizes, checks, the difference, the staging."""

import asyncio
from dataclasses import dataclass
from typing import Any

from fastapi import UploadFile

from teams_rollout.domain.importing import Fault, ImportOptions, ParsedFiles, parse_files
from teams_rollout.domain.importing.faults import MAX_BYTES
from teams_rollout.domain.roster import Assignment, Roster, slug
from teams_rollout.entrypoints.ports import Services
from teams_rollout.entrypoints.problems import ProblemError
from teams_rollout.ledger.records import RolloutRecord, StagedImport

_LISTED = 50  # people named in a difference; the counts are always whole


@dataclass(frozen=True)
class Upload:
    """The bytes of the three files."""

    rollout: bytes
    users: bytes
    teams: bytes


async def read_uploads(rollout: UploadFile, users: UploadFile, teams: UploadFile) -> Upload:
    """The files' bytes. Raises a 413 problem that names a file above 20 MiB."""
    for file, name in ((rollout, "rollout"), (users, "users"), (teams, "teams")):
        size = file.size or 0
        if size > MAX_BYTES:
            raise ProblemError(
                413,
                kind="too-large",
                title=f"The {name} file is too large.",
                detail=f"It has {size / 2**20:.0f} MiB; a file may have {MAX_BYTES // 2**20} MiB.",
                do="Check that it is the right file, or split it by wave.",
            )
    return Upload(await rollout.read(), await users.read(), await teams.read())


async def parse(
    upload: Upload, *, options: ImportOptions, annotate: bool
) -> tuple[Roster, tuple[Fault, ...]]:
    """The roster of the checked files with their warnings; read off the event loop.

    Args:
        annotate: whether a refusal brings the users' file back with a `fault` column.

    Raises:
        ProblemError: 422 with every fault; nothing is saved.
    """
    parsed = await asyncio.to_thread(
        parse_files,
        rollout=upload.rollout,
        users=upload.users,
        teams=upload.teams,
        options=options,
    )
    if parsed.roster is None:
        raise await asyncio.to_thread(_refusal, parsed, annotate=annotate)
    return parsed.roster, parsed.faults


def _refusal(parsed: ParsedFiles, *, annotate: bool) -> ProblemError:
    count = sum(fault.is_error for fault in parsed.faults)
    extra: dict[str, Any] = {"errors": [fault.model_dump() for fault in parsed.faults]}
    if annotate:
        extra["annotated_users_csv"] = parsed.annotated_users_csv()
    return ProblemError(
        422,
        kind="files-not-valid",
        title="The files have faults; nothing was saved.",
        detail=f"{count} fault(s) are listed under errors, each with file, line and column.",
        do="Correct them and import again.",
        **extra,
    )


@dataclass(frozen=True)
class Difference:
    """What an import would change, by the people's names in the files.

    Attributes:
        frozen: people whose wave has started: the files say otherwise, and they stay.
    """

    new: tuple[str, ...]
    changed: tuple[str, ...]
    missing: tuple[str, ...]
    frozen: int

    @property
    def is_empty(self) -> bool:
        """Whether the people stay exactly as they are."""
        return not (self.new or self.changed or self.missing)

    def counts(self) -> dict[str, int]:
        """How many there are of each kind."""
        return {
            "new": len(self.new),
            "changed": len(self.changed),
            "missing": len(self.missing),
            "frozen": self.frozen,
        }

    def listed(self) -> dict[str, list[str]]:
        """The first of each kind by name."""
        return {
            "new": list(self.new[:_LISTED]),
            "changed": list(self.changed[:_LISTED]),
            "missing": list(self.missing[:_LISTED]),
        }


async def compare(
    services: Services, rollout_id: str, roster: Roster, *, only_wave: str | None
) -> Difference:
    """The difference between the files and the people of the ledger.

    Args:
        only_wave: an import into one wave misses nobody of the other waves.
    """
    wanted = {user.identity: user for user in roster.users}
    seen: set[str] = set()
    changed: list[str] = []
    missing: list[str] = []
    frozen = 0
    waves = await services.ledger.list_waves(rollout_id)
    busy = {w.slug for w in waves if not w.state.is_unstarted}
    async for record in services.ledger.list_users(rollout_id):
        current = record.assignment
        seen.add(current.identity)
        new = wanted.get(current.identity)
        stays = record.started or record.wave in busy
        if new is None:
            if not stays and (only_wave is None or current.wave == only_wave):
                missing.append(current.identity)
        elif _content(new) != _content(current):
            frozen += stays
            changed += [] if stays else [current.identity]
    return Difference(
        new=tuple(name for name in wanted if name not in seen),
        changed=tuple(changed),
        missing=tuple(missing),
        frozen=frozen,
    )


def _content(assignment: Assignment) -> Assignment:
    """Everything but the place in the file."""
    return assignment.model_copy(update={"line": 0})


def ask_first(difference: Difference) -> ProblemError:
    """409: there is a rollout already, so the difference has to be confirmed."""
    return ProblemError(
        409,
        kind="import-needs-confirmation",
        title="These files change people who are already imported.",
        detail=", ".join(f"{n} {kind}" for kind, n in difference.counts().items()) + ".",
        do="Look at the difference; to go on, send the same files with confirm=true.",
        counts=difference.counts(),
        people=difference.listed(),
    )


async def stage(
    services: Services, roster: Roster, *, import_id: str, remove_missing: bool, confirmed: bool
) -> None:
    """Save the checked rows beside those in force; the import's orchestration flips the pointer."""
    staged = StagedImport(
        import_id=import_id,
        config=roster.config,
        teams=roster.teams,
        users=len(roster.users),
        remove_missing=remove_missing,
        confirmed=confirmed,
    )
    await services.ledger.stage(staged, roster.users)


def rollout_id_for(rollout: RolloutRecord | None, roster: Roster) -> str:
    """The id in force, else the one that the name gives."""
    return rollout.rollout_id if rollout else slug(roster.config.rollout.name)
