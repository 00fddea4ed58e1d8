"""Nothing in the code keeps it from Python 3.12 and 3.13, or from Durable Functions 2.x.

Only 3.11 runs in CI. `make versions` runs the unit tests on the others where they are installed;
these tests hold what can be held without them: the declared range, and names that are gone there
or going.
"""

import ast
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from orchestrations.protocol import OrchestrationContext

# Gone in 3.12 or 3.13 (PEP 594 and 632), deprecated in them, or announced to go after them.
GONE_MODULES = frozenset(
    [
        "aifc",
        "asynchat",
        "asyncore",
        "audioop",
        "cgi",
        "cgitb",
        "chunk",
        "crypt",
        "distutils",
        "imghdr",
        "imp",
        "lib2to3",
        "mailcap",
        "msilib",
        "nis",
        "nntplib",
        "ossaudiodev",
        "pipes",
        "pkg_resources",
        "smtpd",
        "sndhdr",
        "spwd",
        "sunau",
        "telnetlib",
        "uu",
        "xdrlib",
    ]
)
GOING = {
    "asyncio": {
        "get_event_loop",
        "get_event_loop_policy",
        "iscoroutinefunction",
        "set_event_loop_policy",
    },
    "ast": {"Bytes", "Ellipsis", "NameConstant", "Num", "Str"},
    "datetime": {"utcfromtimestamp", "utcnow"},
    "importlib.resources": {"open_binary", "open_text", "path", "read_binary", "read_text"},
    "locale": {"getdefaultlocale", "resetlocale"},
    "logging": {"warn"},
    "pkgutil": {"find_loader", "get_loader", "ImpImporter", "ImpLoader"},
    "ssl": {"match_hostname", "wrap_socket"},
    "typing": {"ByteString", "Text", "io", "re"},
    "unittest": {"findTestCases", "makeSuite"},
}

# What the compatibility layer of azure-functions-durable 2.0.0rc3 offers under the names of 1.x,
# and of that only what it means alike (ADR 0021).
CONTEXT_OF_2X = frozenset(
    [
        "instance_id",
        "current_utc_datetime",
        "get_input",
        "call_activity",
        "call_sub_orchestrator",
        "create_timer",
        "wait_for_external_event",
        "task_any",
        "task_all",
        "continue_as_new",
    ]
)
CLIENT_OF_2X = frozenset({"start_new", "get_status", "raise_event"})
SDK_OF_2X = frozenset(
    [
        "Blueprint",
        "DFApp",
        "DurableOrchestrationClient",
        "DurableOrchestrationContext",
        "OrchestrationRuntimeStatus",
    ]
)
OURS = ("activities", "graph", "infra", "orchestrations", "scripts", "teams_rollout")


def code(
    tracked: Sequence[Path], repository: Path, *rooms: str
) -> Iterator[tuple[str, ast.Module]]:
    """Every module of these rooms, with its path."""
    for path in tracked:
        if path.suffix == ".py" and path.parts[0] in rooms:
            yield str(path), ast.parse((repository / path).read_text(encoding="utf-8"))


def going(tree: ast.Module) -> Iterator[str]:
    """Names of the standard library in this module that a newer Python lacks or warns of."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.partition(".")[0] in GONE_MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module.partition(".")[0] in GONE_MODULES:
                yield node.module
            doomed = GOING.get(node.module, set())
            yield from (f"{node.module}.{a.name}" for a in node.names if a.name in doomed)
        elif isinstance(node, ast.Attribute):
            base = ast.unparse(node.value)
            if node.attr in GOING.get(base, GOING.get(base.rpartition(".")[2], set())):
                yield f"{base}.{node.attr}"


def test_python_when_declared_then_312_and_313_are_allowed(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    named = {c.rpartition(" ")[2] for c in project["classifiers"] if "Python ::" in c}

    assert project["requires-python"] == ">=3.11"
    assert named == {"3.11", "3.12", "3.13"}


def test_code_when_read_then_uses_nothing_that_newer_pythons_lack(
    tracked: Sequence[Path], repository: Path
) -> None:
    rooms = (*OURS, "bench", "tests", "function_app.py")

    found = {
        path: names for path, tree in code(tracked, repository, *rooms) if (names := [*going(tree)])
    }

    assert found == {}


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("import distutils.util", "distutils.util"),
        ("from imp import reload", "imp"),
        ("from datetime import datetime\ndatetime.utcnow()", "datetime.utcnow"),
        ("import datetime\ndatetime.datetime.utcnow()", "datetime.datetime.utcnow"),
        ("import asyncio\nasyncio.get_event_loop()", "asyncio.get_event_loop"),
        ("from pkgutil import find_loader", "pkgutil.find_loader"),
    ],
)
def test_going_when_a_line_uses_what_is_gone_then_it_is_named(line: str, name: str) -> None:
    assert [*going(ast.parse(line))] == [name]


def test_orchestrations_when_they_ask_the_engine_then_only_for_what_2x_keeps() -> None:
    asked = {name for name in vars(OrchestrationContext) if not name.startswith("_")}

    assert asked == CONTEXT_OF_2X


def test_app_when_it_names_the_sdk_then_only_what_2x_keeps(
    tracked: Sequence[Path], repository: Path
) -> None:
    used: set[str] = set()
    for path, tree in code(tracked, repository, *OURS, "function_app.py"):
        if path.startswith("teams_rollout/localhost"):
            continue  # the stand-in for the host of 1.x; 2.x brings another
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "azure.durable_functions":
                used |= {alias.name for alias in node.names}
            elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "df":
                used.add(node.attr)

    assert used
    assert used <= SDK_OF_2X


def test_starter_when_it_uses_the_client_then_only_what_2x_keeps(repository: Path) -> None:
    source = (repository / "teams_rollout" / "entrypoints" / "durable.py").read_text()
    calls = {
        node.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self._client"
    }

    assert calls == CLIENT_OF_2X
