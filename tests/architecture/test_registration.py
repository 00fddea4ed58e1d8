"""What the app registers is exactly what the contracts name; names are part of durable history."""

import importlib
import inspect
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from teams_rollout.contracts import names

COUNT_FUNCTIONS = "import function_app as f; print(len(f.app.get_functions()))"


@pytest.fixture(scope="session")
def functions() -> list[Any]:
    return list(importlib.import_module("function_app").app.get_functions())


def deployed_files(repository: Path) -> set[str]:
    """What is under version control, less what `.funcignore` names."""

    def listed(*options: str) -> set[str]:
        command = ["git", "ls-files", "-z", "--cached", *options]
        run = subprocess.run(command, cwd=repository, check=True, capture_output=True, text=True)
        return {name for name in run.stdout.split("\0") if name and (repository / name).is_file()}

    return listed() - listed("--ignored", "--exclude-from=.funcignore")


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


def test_package_when_deployed_without_ignored_files_then_still_registers_every_name(
    repository: Path, tmp_path: Path
) -> None:
    """`.funcignore` leaves the command line, the local host and the simulator behind."""
    for path in deployed_files(repository):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(repository / path, tmp_path / path)

    count = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", COUNT_FUNCTIONS],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout

    assert not (tmp_path / "teams_rollout" / "tenant").exists()
    assert int(count) == len(names.ALL_FUNCTIONS)


def test_entry_module_when_read_then_only_composes(repository: Path) -> None:
    assert len((repository / "function_app.py").read_text().splitlines()) < 40
