"""Loads an app folder and lists its functions, as the Functions worker indexes them (localhost)."""

import importlib
import inspect
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from azure.functions import FunctionRegister

from teams_rollout.localhost.config import ConfigError, resolve
from teams_rollout.localhost.parameters import ParameterError, check_parameters

DEPLOYED_PACKAGES: Final = Path(".python_packages/lib/site-packages")
"""Where a deployed app carries its packages; a folder that was unpacked from Azure has it."""

Binding = Mapping[str, Any]
"""One binding as function.json would hold it: type, name, direction and its own keys."""


class AppError(Exception):
    """The app folder cannot be loaded; the cause, if any, is the app's own error."""


class TriggerKind(StrEnum):
    """The triggers that this host serves."""

    HTTP = "httpTrigger"
    QUEUE = "queueTrigger"
    TIMER = "timerTrigger"
    ORCHESTRATION = "orchestrationTrigger"
    ACTIVITY = "activityTrigger"
    ENTITY = "entityTrigger"


_NAME_KEY: Final = {
    TriggerKind.ORCHESTRATION: "orchestration",
    TriggerKind.ACTIVITY: "activity",
    TriggerKind.ENTITY: "entityName",
}
DURABLE_KINDS: Final = frozenset(
    {TriggerKind.ORCHESTRATION, TriggerKind.ACTIVITY, TriggerKind.ENTITY}
)
"""Functions whose return value is their answer, without a binding for it."""
_SERVED_INPUTS: Final = frozenset({"durableClient"})
_SERVED_OUTPUTS: Final = frozenset({"http", "queue"})


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """One function of the app.

    Attributes:
        name: what callers call it; for durable triggers the name given in the trigger, if any.
        inputs: further input bindings, without the trigger.
        plain: parameters that take the text as it came, because they are annotated `str` or
            `bytes`.
        has_return: the function may return something.
        wants_context: the function has a parameter `context` that no binding claims.
    """

    name: str
    kind: TriggerKind
    func: Callable[..., Any]
    trigger: Binding
    inputs: Sequence[Binding]
    outputs: Sequence[Binding]
    plain: frozenset[str]
    is_async: bool
    has_return: bool
    wants_context: bool


@dataclass(frozen=True, slots=True)
class LoadedApp:
    """The functions of an app, and a sentence about each one that cannot be served."""

    functions: Sequence[FunctionSpec]
    left_out: Sequence[str]

    def of(self, kind: TriggerKind) -> Sequence[FunctionSpec]:
        """Return the functions with one kind of trigger."""
        return [function for function in self.functions if function.kind is kind]


def load_app(folder: Path) -> LoadedApp:
    """Import `function_app.py` of a folder and index it.

    The folder goes to the front of `sys.path` and becomes the working directory, as on Azure.

    Raises:
        AppError: there is no function_app.py, its import fails, or it does not index.
    """
    require_app(folder)
    packages = folder / DEPLOYED_PACKAGES
    sys.path[:0] = [str(folder), *([str(packages)] if packages.is_dir() else [])]
    os.chdir(folder)
    try:
        module = importlib.import_module("function_app")
        register = _find_register(vars(module))
        functions = register.get_functions()
    except AppError:
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise AppError(f"{folder / 'function_app.py'} does not load.") from error
    return _index(functions)


def require_app(folder: Path) -> None:
    """Check that there is an app to load.

    Raises:
        AppError: there is none.
    """
    if not folder.is_dir():
        raise AppError(f"There is no folder {folder}.")
    if not (folder / "function_app.py").is_file():
        raise AppError(f"{folder} has no function_app.py.")


def _find_register(names: Mapping[str, object]) -> FunctionRegister:
    found = {id(v): v for v in names.values() if isinstance(v, FunctionRegister)}
    if len(found) != 1:
        raise AppError(f"function_app.py must define one function app, it has {len(found)}.")
    return next(iter(found.values()))


def _index(functions: Sequence[Any]) -> LoadedApp:
    specs: list[FunctionSpec] = []
    left_out: list[str] = []
    for function in functions:
        bindings = [_clean(json.loads(text)) for text in function.get_raw_bindings()]
        name = str(function.get_function_name())
        problem = _problem(name, function.get_trigger().type, bindings)
        if problem is not None:
            left_out.append(problem)
            continue
        specs.append(_spec(name, function, bindings))
    return LoadedApp(specs, left_out)


def _spec(name: str, function: Any, bindings: Sequence[Binding]) -> FunctionSpec:
    trigger_name = function.get_trigger().name
    trigger = next(one for one in bindings if one["name"] == trigger_name)
    kind = TriggerKind(trigger["type"])
    func = function.get_user_function()
    bound = {binding["name"] for binding in bindings}
    try:
        plain = check_parameters(func, bindings)
    except ParameterError as error:
        raise AppError(f"The function {name} cannot be served: {error}.") from None
    return FunctionSpec(
        name=trigger.get(_NAME_KEY.get(kind, "")) or name,
        kind=kind,
        func=func,
        trigger=trigger,
        inputs=[b for b in bindings if b is not trigger and b["direction"] == "IN"],
        outputs=[b for b in bindings if b["direction"] == "OUT"],
        plain=plain,
        is_async=inspect.iscoroutinefunction(func),
        has_return=kind in DURABLE_KINDS or "$return" in bound,
        wants_context="context" in inspect.signature(func).parameters and "context" not in bound,
    )


def _problem(name: str, trigger: str, bindings: Sequence[Binding]) -> str | None:
    if os.environ.get(f"AzureWebJobs.{name}.Disabled", "").casefold() in {"1", "true"}:
        return f"{name}: switched off by a setting"
    if trigger not in set(TriggerKind):
        return f"{name}: this host does not serve a {trigger}"
    for binding in bindings:
        served = _SERVED_INPUTS if binding["direction"] == "IN" else _SERVED_OUTPUTS
        if binding["type"] not in served and binding["type"] != trigger:
            return f"{name}: this host does not serve a {binding['type']} binding"
    return None


def _clean(binding: dict[str, Any]) -> Binding:
    """Resolve `%NAME%` in every text of a binding.

    Raises:
        AppError: a setting is missing.
    """
    try:
        return {k: resolve(v) if isinstance(v, str) else v for k, v in binding.items()}
    except ConfigError as error:
        raise AppError(f"The binding '{binding.get('name')}' cannot be resolved: {error}") from None
