"""Runs the local host with Microsoft's production worker library in the place of our own invoker.

    .venv-worker/bin/python -m tests.acceptance.worker.library index --app DIR
    .venv-worker/bin/python -m tests.acceptance.worker.library run --app DIR --port P --state FILE

Only `.venv-worker` has the library. Its entry points speak protobuf; the functions behind them,
which decode, run and encode, do not. What indexing wants of protobuf is a handful of classes
with attributes, which plain ones give.
"""

# The library is in a venv of its own, and untyped.
# mypy: disable-error-code="import-not-found,no-any-return"

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from azure.functions.meta import Datum
from azure_functions_runtime import handle_event
from azure_functions_runtime import native_invocation as native
from azure_functions_runtime.bindings.meta import load_binding_registry
from azure_functions_runtime.utils.executor import execute_async, run_sync_func
from azure_functions_runtime.utils.threadpool import (
    get_threadpool_executor,
    start_threadpool_executor,
)

from teams_rollout.localhost.app import DURABLE_KINDS, FunctionSpec
from teams_rollout.localhost.invoke import Invoker, Result
from teams_rollout.localhost.main import main as run_host


class Message(SimpleNamespace):
    """Any protobuf message: it keeps what it is made of."""


class BindingInfo(Message):
    """The one message with constants: directions, and the data type of most bindings."""

    out, inout, undefined = 1, 2, 0


PROTOS = SimpleNamespace(
    BindingInfo=BindingInfo, RpcFunctionMetadata=Message, RpcRetryOptions=Message
)
_by_name: dict[str, Any] = {}


class LibraryInvoker(Invoker):
    """Decodes, runs and encodes with the library; limits, logs and delivery stay ours."""

    async def _call(
        self,
        spec: FunctionSpec,
        datum: Datum,
        metadata: Mapping[str, Datum],
        invocation_id: str,
    ) -> Result:
        info = _info(spec)
        inputs = [(spec.trigger["name"], datum)]
        inputs += [(b["name"], Datum(self._client_binding(), "string")) for b in spec.inputs]
        arguments = native._decode_inputs(info, inputs, metadata)
        context = native._prepare_context(info, invocation_id, arguments)
        if info.is_async:
            value = await execute_async(info.func, arguments)
        else:
            loop, pool = asyncio.get_running_loop(), get_threadpool_executor()
            value = await loop.run_in_executor(
                pool, run_sync_func, invocation_id, context, info.func, arguments
            )
        native._check_return(info, value)
        returned = native._encode_return(info, value)
        by_name = {binding["name"]: binding for binding in spec.outputs}
        outputs = [(by_name[name], one) for name, one in native._collect_output(info, arguments)]
        if spec.kind in DURABLE_KINDS:
            return Result(returned, outputs)
        own = [(by_name["$return"], returned)] if returned is not None else []
        return Result(None, outputs + own)

    def orchestrate(self, spec: FunctionSpec, envelope: str) -> str:
        """One turn, as the library runs any sync function."""
        info = _info(spec)
        inputs = [(spec.trigger["name"], Datum(envelope, "string"))]
        arguments = native._decode_inputs(info, inputs, {})
        context = native._prepare_context(info, "turn", arguments)
        value = run_sync_func("turn", context, info.func, arguments)
        native._check_return(info, value)
        return native._encode_return(info, value).value


def _info(spec: FunctionSpec) -> Any:
    if not _by_name:
        # An app can be indexed once, and the host has done that: the library gets a fresh one. The
        # host has also made the app's folder the working directory.
        sys.modules.pop("function_app")
        index(Path.cwd())
        start_threadpool_executor()
    return _by_name[spec.name.casefold()]


def index(folder: Path) -> list[dict[str, Any]]:
    """Let the library index an app; returns name and bindings of each function."""
    handle_event.protos = PROTOS
    load_binding_registry()
    handle_event.load_function_metadata(str(folder), caller_info="the comparison")
    for info in handle_event._functions._functions.values():
        _by_name[info.name.casefold()] = info
    found = handle_event._metadata_result or []
    return [
        {"name": one.name, "bindings": [json.loads(text) for text in one.raw_bindings]}
        for one in found
    ]


def main() -> int:
    """Index an app and say what was found, or run it."""
    command, *arguments = sys.argv[1:]
    if command == "run":
        return run_host(arguments, invoker=LibraryInvoker)
    folder = Path(arguments[-1])
    sys.path.insert(0, str(folder))
    sys.stdout.write(json.dumps(index(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
