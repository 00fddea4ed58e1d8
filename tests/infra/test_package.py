"""What is deployed: the app without its laptop parts, with bytecode that a zip does not spoil."""

import importlib.util
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

BACKENDS = ("AzureStorage", "DurableTaskScheduler")
CHECK_SOURCE_BIT = 0b10
HASHED_BIT = 0b01


@pytest.fixture
def build(repository: Path, tmp_path: Path) -> Callable[..., zipfile.ZipFile]:
    """Builds a package without its dependencies."""

    def make(name: str = "one", backend: str = BACKENDS[0]) -> zipfile.ZipFile:
        out = tmp_path / name
        script = str(repository / "scripts" / "package_app.py")
        options = ["--out", str(out), "--backend", backend, "--without-dependencies"]
        subprocess.run([sys.executable, script, *options], check=True, capture_output=True)
        return zipfile.ZipFile(out / "app.zip")

    return make


def test_package_when_built_then_holds_the_app_and_nothing_of_the_laptop(
    build: Callable[..., zipfile.ZipFile],
) -> None:
    with build() as package:
        names = set(package.namelist())

    assert {"function_app.py", "host.json", "requirements.txt"} <= names
    assert any(name.startswith("teams_rollout/portal/static/") for name in names)
    outside = (
        "infra/",
        "tests/",
        "docs/",
        "samples/",
        "teams_rollout/cli/",
        "teams_rollout/tenant/",
    )
    assert not {name for name in names if name.startswith(outside)}
    assert not {name for name in names if "local.settings" in name}


def test_bytecode_when_packaged_then_is_believed_whatever_the_dates_say(
    build: Callable[..., zipfile.ZipFile],
) -> None:
    with build() as package:
        names = package.namelist()
        compiled = {n: package.read(n)[:8] for n in names if n.endswith(".pyc")}

    sources = [n for n in names if n.endswith(".py") and package.getinfo(n).file_size]
    assert len(compiled) >= len(sources)
    for header in compiled.values():
        assert header[:4] == importlib.util.MAGIC_NUMBER
        assert header[4] & HASHED_BIT
        assert not header[4] & CHECK_SOURCE_BIT


def test_package_when_built_twice_then_is_the_same_to_the_byte(
    build: Callable[..., zipfile.ZipFile],
) -> None:
    with build("one") as one, build("two") as two:
        assert Path(str(one.filename)).read_bytes() == Path(str(two.filename)).read_bytes()


@pytest.mark.parametrize(
    ("backend", "kind"), [("AzureStorage", None), ("DurableTaskScheduler", "azureManaged")]
)
def test_host_file_when_packaged_then_names_the_backend(
    backend: str, kind: str | None, build: Callable[..., zipfile.ZipFile]
) -> None:
    with build(backend=backend) as package:
        durable = json.loads(package.read("host.json"))["extensions"]["durableTask"]

    assert durable["storageProvider"].get("type") == kind
    assert durable["hubName"] == "%TASKHUB_NAME%"


def test_backends_when_compared_with_the_template_then_are_the_same(repository: Path) -> None:
    template = (repository / "infra" / "main.bicep").read_text()

    allowed = template.partition("param durableBackend")[0].rpartition("@allowed([")[2]
    assert {name for name in BACKENDS if f"'{name}'" in allowed} == set(BACKENDS)
