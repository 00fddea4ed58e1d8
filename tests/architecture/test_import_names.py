"""Our import names are ours on every plan, whatever order a worker searches its folders in.

A Functions worker may look into its site-packages before it looks into the app, so a dependency
that ships a top-level `graph` would silently replace ours (ADR 0001).
"""

import importlib
from importlib import metadata
from pathlib import Path

import pytest

# azure-functions-durable installs its own `tests`; ours has an __init__.py and is never imported.
LEAKED_BY_DEPENDENCIES = {"tests"}


def own_names(repository: Path) -> set[str]:
    packages = {path.parent.name for path in repository.glob("*/__init__.py")}
    return packages | {path.stem for path in repository.glob("*.py")}


@pytest.mark.parametrize("name", ["activities", "graph", "orchestrations", "teams_rollout"])
def test_own_package_when_imported_then_comes_from_the_repository(
    name: str, repository: Path
) -> None:
    origin = importlib.import_module(name).__file__

    assert origin is not None
    assert Path(origin).is_relative_to(repository)


def test_own_names_when_dependencies_are_installed_then_none_is_theirs_too(
    repository: Path,
) -> None:
    installed = {
        name
        for name, distributions in metadata.packages_distributions().items()
        if set(distributions) != {"teams-rollout"}
    }

    assert own_names(repository) & installed <= LEAKED_BY_DEPENDENCIES
