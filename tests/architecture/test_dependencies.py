"""Whatever is imported is asked for in pyproject.toml, and nothing arrives by accident."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

DEVELOPMENT_ONLY = {"bench", "scripts", "tests"}
WORKER = "azure_functions_runtime"
"""Has an environment of its own, and is pinned in requirements-worker.txt."""


def imported_by(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def files_of(requirements: list[str]) -> list[str]:
    """Every installed file of the named distributions."""
    names = [re.split(r"[^A-Za-z0-9_.-]", text)[0] for text in requirements]
    return [str(path) for name in names for path in metadata.files(name) or ()]


def members(group: str, groups: dict[str, list[Any]]) -> Iterator[str]:
    """The requirements of a group and of the groups that it includes."""
    for item in groups[group]:
        if isinstance(item, str):
            yield item
        else:
            yield from members(item["include-group"], groups)


def is_outside(name: str, repository: Path) -> bool:
    top = name.partition(".")[0]
    ours = (repository / top).is_dir() or (repository / f"{top}.py").is_file()
    return not (ours or (repository / "scripts" / f"{top}.py").is_file()) and (
        top not in sys.stdlib_module_names
    )


@pytest.fixture(scope="session")
def declared(repository: Path) -> dict[str, list[str]]:
    """The installed files of what production and development ask for."""
    project = tomllib.loads((repository / "pyproject.toml").read_text())
    production = project["project"]["dependencies"]
    development = [*production, *members("dev", project["dependency-groups"])]
    return {"production": files_of(production), "development": files_of(development)}


@pytest.mark.parametrize("kind", ["production", "development"])
def test_imports_when_listed_then_each_is_a_declared_dependency(
    kind: str,
    declared: dict[str, list[str]],
    modules: Mapping[Path, ast.Module],
    repository: Path,
) -> None:
    imported = {
        name
        for path, module in modules.items()
        if (path.parts[0] in DEVELOPMENT_ONLY) == (kind == "development")
        for name in imported_by(module)
        if is_outside(name, repository) and name.partition(".")[0] != WORKER
    }

    undeclared = {
        name
        for name in imported
        if not any(re.match(name.replace(".", "/") + r"[./]", file) for file in declared[kind])
    }

    assert not undeclared


def test_worker_library_when_imported_then_only_by_its_comparison_and_pinned(
    modules: Mapping[Path, ast.Module], repository: Path
) -> None:
    importers = {
        path.parent.as_posix()
        for path, module in modules.items()
        if any(name.startswith(WORKER) for name in imported_by(module))
    }

    assert importers == {"tests/acceptance/worker"}
    pinned = (repository / "requirements-worker.txt").read_text()
    assert re.search(
        r"^azure-functions-runtime==[\d.]+ \\\n\s+--hash=sha256:", pinned, re.MULTILINE
    )
