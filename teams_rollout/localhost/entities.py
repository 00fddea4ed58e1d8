"""Durable entities: state, operations and answers (localhost).

An entity runs one batch at a time, with every operation that waits. State, answers and the removal
of the operations are one transaction, so a crash repeats a batch and never splits it.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from azure.functions.meta import Datum

from teams_rollout.localhost import mailbox
from teams_rollout.localhost.app import FunctionSpec
from teams_rollout.localhost.invoke import FunctionFailedError, Invoker
from teams_rollout.localhost.protocol import EventType, make_event, to_text, utc_now
from teams_rollout.localhost.refusals import complain_of_entity_key, complain_of_function
from teams_rollout.localhost.store import Store

logger = logging.getLogger(__name__)


class NoEntityError(Exception):
    """There can be no entity of this name and key; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class _Operation:
    seq: int
    request: dict[str, Any]


class Entities:
    """Runs the entities of the state file.

    Args:
        functions: the app's entity functions by name, in lower case.
        wake: gives an orchestration a turn.
    """

    def __init__(
        self,
        store: Store,
        invoker: Invoker,
        *,
        functions: Mapping[str, FunctionSpec],
        wake: Callable[[str], None],
    ) -> None:
        self._store = store
        self._invoker = invoker
        self._functions = functions
        self._wake = wake
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._stopping = False

    def start(self) -> None:
        """Take up the operations that wait."""
        rows = self._store.db.execute("select distinct entity_id from operations").fetchall()
        self.poke([entity_id for (entity_id,) in rows])

    async def stop(self, *, within: float) -> None:
        """Start no more batches and wait for those that run, at most this many seconds."""
        self._stopping = True
        if self._busy:
            await asyncio.wait(self._busy.values(), timeout=within)

    def poke(self, entity_ids: Sequence[str]) -> None:
        """Run the entities that have operations waiting."""
        for entity_id in entity_ids:
            if entity_id not in self._busy and not self._stopping:
                work = self._work(entity_id)
                self._busy[entity_id] = asyncio.get_running_loop().create_task(work)

    def signal(self, entity_id: str, operation: str, *, text: str | None) -> None:
        """Send an operation without waiting for its answer; `text` is a JSON document.

        Raises:
            NoEntityError: the app has no entity of this name, or no such key can be.
        """
        self._check(entity_id)
        request = {"op": operation, "signal": True, "input": text, "id": ""}
        with self._store.transaction() as db:
            db.execute(
                "insert into operations (entity_id, request) values (?, ?)",
                (entity_id, json.dumps(request)),
            )
        self.poke([entity_id])

    def _check(self, entity_id: str) -> None:
        _, name, key = entity_id.split("@", 2)
        refusal = self._complain_of(name) or complain_of_entity_key(key)
        if refusal is not None:
            raise NoEntityError(refusal)

    def _complain_of(self, name: str) -> str | None:
        known = [spec.name for spec in self._functions.values()]
        return complain_of_function(name, "an entity", known)

    def state(self, entity_id: str) -> str | None:
        """Return an entity's state as JSON text, or None when there is no such entity."""
        row = self._store.db.execute(
            "select state from entities where id = ?", (entity_id,)
        ).fetchone()
        return None if row is None else (row[0] or "null")

    def list_all(self, name: str, *, fetch_state: bool) -> list[dict[str, Any]]:
        """List entities, of one name or (empty name) of all."""
        rows = self._store.db.execute("select id, state, updated_at from entities order by id")
        found = []
        for entity_id, state, updated_at in rows:
            _, entity_name, key = entity_id.split("@", 2)
            if not name or entity_name == name:
                shown = json.loads(state or "null") if fetch_state else None
                entity = {"entityName": entity_name, "entityKey": key}
                found.append({"entityId": entity, "lastOperationTime": updated_at, "state": shown})
        return found

    async def _work(self, entity_id: str) -> None:
        try:
            while not self._stopping:
                operations = self._waiting(entity_id)
                if not operations:
                    return
                await self._run_batch(entity_id, operations)
        except Exception:
            logger.exception("An entity's batch could not be completed [entity=%s]", entity_id)
        finally:
            del self._busy[entity_id]

    def _waiting(self, entity_id: str) -> list[_Operation]:
        rows = self._store.db.execute(
            "select seq, request from operations where entity_id = ? order by seq", (entity_id,)
        )
        return [_Operation(seq, json.loads(request)) for seq, request in rows]

    async def _run_batch(self, entity_id: str, operations: Sequence[_Operation]) -> None:
        _, name, key = entity_id.split("@", 2)
        row = self._store.db.execute(
            "select state from entities where id = ?", (entity_id,)
        ).fetchone()
        spec = self._functions.get(name)
        if spec is None:
            refusal = self._complain_of(name) or ""
            self._commit(entity_id, operations, None, [_refused(refusal)] * len(operations))
            return
        envelope = {
            "self": {"name": name, "key": key},
            "exists": row is not None,
            "state": None if row is None else row[0],
            "batch": [_as_batch_item(operation) for operation in operations],
        }
        datum = Datum(json.dumps(envelope), "string")
        try:
            result = await self._invoker.call(spec, datum, instance_id=entity_id)
        except FunctionFailedError as error:
            failed = [_refused(error.reason)] * len(operations)
            self._commit(entity_id, operations, None, failed)
            return
        answer = json.loads(result.returned.value if result.returned else "null")
        self._commit(entity_id, operations, answer, answer["results"])

    def _commit(
        self,
        entity_id: str,
        operations: Sequence[_Operation],
        answer: dict[str, Any] | None,
        results: Sequence[dict[str, Any]],
    ) -> None:
        """Write state and answers; without an answer the state stays as it was."""
        now = utc_now()
        callers: list[str] = []
        with self._store.transaction() as db:
            db.executemany("delete from operations where seq = ?", [(o.seq,) for o in operations])
            if answer is not None and answer["entityExists"]:
                db.execute(
                    "insert or replace into entities (id, state, updated_at) values (?, ?, ?)",
                    (entity_id, answer["entityState"], to_text(now)),
                )
            elif answer is not None:
                db.execute("delete from entities where id = ?", (entity_id,))
            for operation, result in zip(operations, results, strict=True):
                caller = operation.request.get("parent")
                if caller is not None:
                    event = make_event(
                        EventType.EVENT_RAISED,
                        at=to_text(now),
                        Name=operation.request["id"],
                        Input=_response(result),
                    )
                    execution_id = operation.request["parentExecution"]
                    mailbox.post(db, caller, event, due=time.time(), execution_id=execution_id)
                    callers.append(caller)
        for caller in callers:
            self._wake(caller)


def entity_id_of(name: str, key: str) -> str:
    """Return the id of an entity; names do not differ by case."""
    return f"@{name.lower()}@{key}"


def _as_batch_item(operation: _Operation) -> dict[str, Any]:
    request = operation.request
    return {"name": request["op"], "input": request["input"], "isSignal": request["signal"]}


def _refused(reason: str) -> dict[str, Any]:
    return {"isError": True, "result": json.dumps(reason)}


def _response(result: dict[str, Any]) -> str:
    response = {"result": result["result"]}
    if result["isError"]:
        response["exceptionType"] = "System.Exception"
    return json.dumps(response)
