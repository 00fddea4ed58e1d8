"""Staged imports and plans in Azure Tables: written once, read whole."""

from collections.abc import Sequence

from teams_rollout.contracts.names import IMPORTS_TABLE, PLANS_TABLE
from teams_rollout.domain.roster import Assignment, TeamSpec
from teams_rollout.ledger.codec import complete
from teams_rollout.ledger.connection import Storage
from teams_rollout.ledger.documents import read_header, read_list, write_document
from teams_rollout.ledger.keys import encode
from teams_rollout.ledger.ports import NotFound
from teams_rollout.ledger.records import PlanHeader, PlanRow, StagedImport


class TableImportStore:
    """Implements `ports.ImportStore`."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def stage(self, staged: StagedImport, users: Sequence[Assignment]) -> None:
        """Keep validated files under their import id; nothing points at them yet."""
        await write_document(
            self._storage,
            IMPORTS_TABLE,
            encode(staged.import_id),
            header=complete(staged.model_copy(update={"teams": ()})),
            lists={"users": users, "teams": staged.teams},
        )

    async def get_staged(self, import_id: str) -> StagedImport:
        """The staged configuration and teams; raises NotFound."""
        partition = encode(import_id)
        header = await read_header(self._storage, IMPORTS_TABLE, partition)
        if header is None:
            raise NotFound(f"there is no staged import {import_id}")
        teams = await read_list(
            self._storage, IMPORTS_TABLE, partition, kind="teams", model=TeamSpec
        )
        staged = StagedImport.model_validate_json(header)
        return staged.model_copy(update={"teams": tuple(teams)})

    async def list_staged(self, import_id: str) -> list[Assignment]:
        """The staged people in file order."""
        return await read_list(
            self._storage, IMPORTS_TABLE, encode(import_id), kind="users", model=Assignment
        )


class TablePlanStore:
    """Implements `ports.PlanStore`."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def save_plan(self, header: PlanHeader, rows: Sequence[PlanRow]) -> None:
        """Keep a plan; the header becomes visible once all its people are."""
        await write_document(
            self._storage,
            PLANS_TABLE,
            encode(header.plan_id),
            header=complete(header),
            lists={"people": rows},
        )

    async def find_plan(self, plan_id: str) -> PlanHeader | None:
        """A plan without its people."""
        header = await read_header(self._storage, PLANS_TABLE, encode(plan_id))
        return None if header is None else PlanHeader.model_validate_json(header)

    async def list_plan_rows(self, plan_id: str) -> list[PlanRow]:
        """The people of a plan in its order; empty when there is no such plan."""
        return await read_list(
            self._storage, PLANS_TABLE, encode(plan_id), kind="people", model=PlanRow
        )
