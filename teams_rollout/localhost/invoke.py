"""Calls one function of the app: arguments in, return value and outputs out (localhost).

Arguments and results pass through azure-functions' own binding converters, which is what the
Functions worker calls. Async functions run on the host's loop, sync ones in a thread pool.
"""

import asyncio
import contextvars
import logging
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import azure.functions as func
from azure.functions.meta import Datum, get_binding_registry

from teams_rollout.localhost.app import DURABLE_KINDS, Binding, FunctionSpec

logger = logging.getLogger(__name__)

current_invocation: contextvars.ContextVar[str] = contextvars.ContextVar("invocation", default="-")
current_instance: contextvars.ContextVar[str] = contextvars.ContextVar("instance", default="-")
current_function: contextvars.ContextVar[str] = contextvars.ContextVar("function", default="-")


class FunctionFailedError(Exception):
    """A function raised or ran out of time.

    Attributes:
        reason: `TypeName: message`, as the worker reports it.
        stack: the traceback as text.
    """

    def __init__(self, reason: str, stack: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.stack = stack


class _OverranError(Exception):
    """A function took longer than `functionTimeout` allows."""


class OutSlot(func.Out[Any]):
    """The object behind a `func.Out` parameter."""

    def __init__(self) -> None:
        self._value: Any = None

    def set(self, val: Any) -> None:
        """Set the value of the output binding."""
        self._value = val

    def get(self) -> Any:
        """Return what the function set, or None."""
        return self._value


class _Trace(func._abc.TraceContext):
    """An empty trace context: this host takes part in no distributed trace."""

    trace_state = ""
    trace_parent = ""
    attributes: dict[str, str] = {}  # noqa: RUF012 - the base class asks for this attribute


class InvocationContext(func.Context):
    """What a function sees as `context`."""

    def __init__(self, invocation_id: str, function_name: str) -> None:
        self._invocation_id = invocation_id
        self._function_name = function_name
        self._local = threading.local()
        self._local.invocation_id = invocation_id

    @property
    def invocation_id(self) -> str:
        """Id of this call."""
        return self._invocation_id

    @property
    def thread_local_storage(self) -> Any:
        """A thread-local object that carries `invocation_id` for the function's own threads."""
        return self._local

    @property
    def function_name(self) -> str:
        """Name of the function."""
        return self._function_name

    @property
    def function_directory(self) -> str:
        """Folder of the app: the working directory."""
        return "."

    @property
    def trace_context(self) -> Any:
        """An empty trace context."""
        return _Trace()

    @property
    def retry_context(self) -> Any:
        """None: this host does not retry invocations by policy."""
        return None


@dataclass(frozen=True, slots=True)
class Result:
    """What a call gave.

    Attributes:
        returned: the encoded answer of a durable function; None for other kinds.
        outputs: encoded values of output bindings, with their bindings.
    """

    returned: Datum | None = None
    outputs: list[tuple[Binding, Datum]] = field(default_factory=list)


class Invoker:
    """Calls functions.

    Args:
        client_binding: gives the text of a durable client binding.
        deliver: sends what a function put into output bindings, before the call counts as done.
        timeout: the longest a call may take; None for no limit. A sync function that overruns is
            reported as failed, but its thread cannot be stopped.
        threads: size of the pool for sync functions.
    """

    def __init__(
        self,
        *,
        client_binding: Callable[[], str],
        deliver: Callable[[Result], Awaitable[None]],
        timeout: timedelta | None,
        threads: int,
    ) -> None:
        self._client_binding = client_binding
        self._deliver = deliver
        self._timeout = timeout
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="function")
        self.running = 0
        self.in_threads = 0

    async def call(
        self,
        spec: FunctionSpec,
        datum: Datum,
        *,
        metadata: Mapping[str, Datum] | None = None,
        instance_id: str = "-",
    ) -> Result:
        """Run a function.

        Raises:
            FunctionFailedError: the function or a conversion failed, or time ran out.
        """
        invocation_id = str(uuid4())
        current_invocation.set(invocation_id)
        current_instance.set(instance_id)
        current_function.set(spec.name)
        started = time.perf_counter()
        level = logging.DEBUG if spec.kind in DURABLE_KINDS else logging.INFO
        logger.log(level, "Executing '%s'", spec.name)
        self.running += 1
        try:
            result = await self._call(spec, datum, metadata or {}, invocation_id)
            await self._deliver(result)
        except Exception as error:
            logger.exception("Executed '%s' (failed)", spec.name)
            raise FunctionFailedError(
                f"{type(error).__name__}: {error}", "".join(traceback.format_exception(error))
            ) from error
        finally:
            self.running -= 1
        milliseconds = round((time.perf_counter() - started) * 1000)
        logger.log(level, "Executed '%s' (succeeded, %d ms)", spec.name, milliseconds)
        return result

    async def _call(
        self,
        spec: FunctionSpec,
        datum: Datum,
        metadata: Mapping[str, Datum],
        invocation_id: str,
    ) -> Result:
        arguments = {spec.trigger["name"]: _argument(spec, spec.trigger, datum, metadata)}
        for binding in spec.inputs:
            text = Datum(self._client_binding(), "string")
            arguments[binding["name"]] = _argument(spec, binding, text, {})
        slots = {b["name"]: OutSlot() for b in spec.outputs if b["name"] != "$return"}
        if spec.wants_context:
            arguments["context"] = InvocationContext(invocation_id, spec.name)
        value = await self._run(spec, {**arguments, **slots})
        return _collect(spec, value, slots)

    def orchestrate(self, spec: FunctionSpec, envelope: str) -> str:
        """Run one turn of an orchestrator function, on the calling thread.

        Raises:
            Exception: whatever the function raises.
        """
        argument = _argument(spec, spec.trigger, Datum(envelope, "string"), {})
        return str(spec.func(**{spec.trigger["name"]: argument}))

    async def _run(self, spec: FunctionSpec, arguments: dict[str, Any]) -> Any:
        limit = None if self._timeout is None else self._timeout.total_seconds()
        try:
            async with asyncio.timeout(limit) as scope:
                return await self._start(spec, arguments)
        except TimeoutError as error:
            if not scope.expired():
                raise
            raise _OverranError(
                f"Timeout value of {self._timeout} was exceeded by function: {spec.name}"
            ) from error

    async def _start(self, spec: FunctionSpec, arguments: dict[str, Any]) -> Any:
        if spec.is_async:
            return await spec.func(**arguments)
        context = contextvars.copy_context()

        def call() -> Any:
            self.in_threads += 1
            try:
                return context.run(spec.func, **arguments)
            finally:
                self.in_threads -= 1

        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def close(self) -> None:
        """Let go of the thread pool without waiting for its threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _argument(
    spec: FunctionSpec, binding: Binding, datum: Datum, metadata: Mapping[str, Datum]
) -> Any:
    """Turn a datum into the argument that a function expects for a binding."""
    if binding["name"] in spec.plain:
        return datum.value
    return _converter(binding).decode(datum, trigger_metadata=metadata)


def _encode(binding: Binding, value: Any) -> Datum:
    """Turn a returned or set value into a datum for a binding.

    Raises:
        TypeError: the binding's converter does not take such a value.
    """
    try:
        encoded: Datum = _converter(binding).encode(value, expected_type=None)
    except NotImplementedError as error:
        raise TypeError(
            f'unable to encode outgoing TypedData: unsupported type "{binding["type"]}" for '
            f'Python type "{type(value).__name__}"'
        ) from error
    return encoded


def _converter(binding: Binding) -> Any:
    return get_binding_registry().get(binding["type"])  # type: ignore[no-untyped-call]  # theirs


def _collect(spec: FunctionSpec, value: Any, slots: Mapping[str, OutSlot]) -> Result:
    if value is not None and not spec.has_return:
        raise RuntimeError(
            f"function '{spec.name}' without a $return binding returned a non-None value"
        )
    returned = _encode(spec.trigger, value) if spec.kind in DURABLE_KINDS else None
    found = [(b, value if b["name"] == "$return" else slots[b["name"]].get()) for b in spec.outputs]
    outputs = [(b, one) for b, one in found if one is not None or b["name"] == "$return"]
    return Result(returned, [(b, _encode(b, one)) for b, one in outputs])
