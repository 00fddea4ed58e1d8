"""What the app registers is exactly what the contracts name; names are part of durable history."""

import importlib
import inspect
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from teams_rollout.contracts import names

pytestmark = pytest.mark.skipif(
    find_spec("function_app") is None, reason="the app is not composed yet"
)


@pytest.fixture(scope="session")
def functions() -> list[Any]:
    return list(importlib.import_module("function_app").app.get_functions())


def bindings(function: Any) -> list[dict[str, Any]]:
    return list(json.loads(function.get_function_json())["bindings"])


def test_app_when_indexed_then_registers_every_name_once(functions: list[Any]) -> None:
    registered = [function.get_function_name() for function in functions]

    assert sorted(registered) == sorted(names.ALL_FUNCTIONS)


@pytest.mark.parametrize(
    ("trigger", "named"),
    [("orchestrationTrigger", names.ORCHESTRATIONS), ("activityTrigger", names.ACTIVITIES)],
)
def test_durable_functions_when_indexed_then_have_the_trigger_of_their_kind(
    functions: list[Any], trigger: str, named: tuple[str, ...]
) -> None:
    triggered = {
        function.get_function_name()
        for function in functions
        if any(binding["type"] == trigger for binding in bindings(function))
    }

    assert triggered == set(named)


def test_queue_triggers_when_indexed_then_listen_only_to_queues_of_ours(
    functions: list[Any],
) -> None:
    queues = {
        binding["queueName"]
        for function in functions
        for binding in bindings(function)
        if binding["type"] == "queueTrigger"
    }
    ours = {value for name, value in vars(names).items() if name.endswith("_QUEUE")}

    assert queues <= ours
    assert names.BATCH_QUEUE in queues


def test_shims_when_annotated_then_with_plain_classes_only(functions: list[Any]) -> None:
    """The worker refuses to index anything else, but only in the cloud (durable-python#468)."""
    hints = {
        (function.get_function_name(), name): parameter.annotation
        for function in functions
        for name, parameter in inspect.signature(function.get_user_function()).parameters.items()
        if parameter.annotation is not inspect.Parameter.empty
    }

    assert not {place: hint for place, hint in hints.items() if not isinstance(hint, type)}


def test_entry_module_when_read_then_only_composes(repository: Path) -> None:
    assert len((repository / "function_app.py").read_text().splitlines()) < 40
