"""Rules about imports and calls that import-linter cannot see."""

import ast
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from pathlib import Path

import pytest

# Whoever is not here is handed its settings; the local host hands the app its environment, and the
# command line reads what any command reads (NO_COLOR, ROLLOUT_USER).
MAY_READ_THE_ENVIRONMENT = (
    "teams_rollout/settings.py",
    "teams_rollout/cli",
    "teams_rollout/localhost",
)
MAY_KNOW_THE_FUNCTIONS_SDK = (
    "function_app.py",
    "activities/blueprint.py",
    "orchestrations/blueprint.py",
    "teams_rollout/entrypoints",
    "teams_rollout/portal/blueprint.py",
    "teams_rollout/localhost",
    "tests",
    "bench",
)


def under(path: Path, places: tuple[str, ...]) -> bool:
    return any(path.is_relative_to(place) for place in places)


def imports(module: ast.Module) -> Iterator[str]:
    """Each imported name in full: `from azure import functions` gives azure.functions."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def attributes(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"


def test_environment_when_read_then_only_where_settings_come_from(
    modules: Mapping[Path, ast.Module],
) -> None:
    readers = [
        str(path)
        for path, module in modules.items()
        if path.parts[0] not in ("tests", "bench", "scripts")
        and not under(path, MAY_READ_THE_ENVIRONMENT)
        and {"os.environ", "os.getenv"} & {*attributes(module), *imports(module)}
    ]

    assert not readers


def test_functions_sdk_when_imported_then_only_by_shims_and_entry_points(
    modules: Mapping[Path, ast.Module],
) -> None:
    knowing = [
        str(path)
        for path, module in modules.items()
        if not under(path, MAY_KNOW_THE_FUNCTIONS_SDK)
        and any(
            name.startswith(("azure.functions", "azure.durable_functions"))
            for name in imports(module)
        )
    ]

    assert not knowing


@pytest.mark.parametrize("contract", ["domain", "contracts", "cli", "standins"])
def test_rooms_when_a_new_one_is_built_then_import_rules_name_it(
    contract: str, repository: Path
) -> None:
    config = ConfigParser()
    config.read(repository / ".importlinter")
    rules = config[f"importlinter:contract:{contract}"]
    named = set(f"{rules['source_modules']} {rules['forbidden_modules']}".split())
    rooms = {
        f"teams_rollout.{path.stem}"
        for path in (repository / "teams_rollout").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    } - {"teams_rollout.__init__"}

    # What is allowed stands in the rules' own picture: inwards, to contracts and domain.
    assert rooms - named <= {"teams_rollout.contracts", "teams_rollout.domain"} | ALLOWED[contract]


ALLOWED = {
    "domain": set[str](),
    "contracts": set[str](),
    "cli": {"teams_rollout.settings"},
    "standins": set[str](),
}
