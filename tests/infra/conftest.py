"""The deployment files, copies of them to spoil, and what the code asks of them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from graph import signals as graph_signals
from teams_rollout.contracts import names, signals
from teams_rollout.entrypoints.blueprint import STORAGE
from teams_rollout.settings import Settings
from tests.infra.checks import Code
from tests.infra.kql import Told, logged_fields

ROOT = Path(__file__).parents[2]
TENANT = "11111111-2222-4333-8444-555555555555"
Run = Callable[..., subprocess.CompletedProcess[str]]
FILES = ("azure.yaml", "host.json", "local.settings.sample.json", "pyproject.toml")
PACKAGES = ("activities", "graph", "orchestrations", "teams_rollout")
SET_BY_THE_PLATFORM = "WEBSITE_"
# Why a deployment does not have them stands in docs/infrastructure.md.
NOT_ON_AZURE = {
    "ROLLOUT_DEV_IDENTITY",
    "ROLLOUT_GRAPH_CLIENT_SECRET",
    "ROLLOUT_GRAPH_LIMITS",
    "ROLLOUT_STORAGE_CONNECTION",
    "ROLLOUT_TIME_SCALE",
}


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root folder of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def code() -> Code:
    """Queues, tables, settings and functions as the code names them."""
    read = {
        str(field.validation_alias or f"ROLLOUT_{name.upper()}")
        for name, field in Settings.model_fields.items()
    }
    constants = {k: v for k, v in vars(names).items() if isinstance(v, str)}
    return Code(
        queues=frozenset(v for k, v in constants.items() if k.endswith("_QUEUE")),
        tables=frozenset(v for k, v in constants.items() if k.endswith("_TABLE")),
        settings=frozenset(n for n in read if not n.startswith(SET_BY_THE_PLATFORM)),
        not_on_azure=frozenset(NOT_ON_AZURE),
        connections=frozenset({STORAGE}),
        told=_told(),
    )


def _told() -> Told:
    constants = {k: v for k, v in vars(signals).items() if isinstance(v, str)}
    fields = logged_fields(ROOT, iter(PACKAGES), constants)
    attributes = {
        *(*signals.SPAN_ATTRIBUTES, *signals.LABELS),
        *(*graph_signals.ATTRIBUTES, *graph_signals.LABELS),
    }
    queues = {v for k, v in vars(names).items() if k.endswith("_QUEUE")}
    return Told(
        metrics=frozenset({*signals.METRICS, *graph_signals.METRICS}),
        # Attributes with a standard name become columns, and are in no Properties.
        properties=frozenset(
            {name for name in attributes if name.startswith("rollout.")} | {*fields}
        ),
        words=frozenset(fields["action"] | graph_signals.OUTCOMES | queues),
    )


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[], Path]:
    """A copy of the deployment files that a test may spoil."""

    def copy() -> Path:
        folder = tmp_path / "copy"
        shutil.copytree(ROOT / "infra", folder / "infra")
        for name in FILES:
            shutil.copy(ROOT / name, folder / name)
        return folder

    return copy


@pytest.fixture
def run(repository: Path, tmp_path: Path) -> Run:
    """Runs one of the scripts with our `az` on PATH."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "az").write_text(
        f"#!{sys.executable}\n" + (Path(__file__).parent / "az.py").read_text()
    )
    (tools / "az").chmod(0o755)

    def call(script: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        path = f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        return subprocess.run(
            [str(repository / "infra" / script), *arguments],
            env={"PATH": path, "FAKE_AZ_TENANT": TENANT, **more},
            capture_output=True,
            text=True,
            check=False,
        )

    return call
