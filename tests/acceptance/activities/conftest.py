"""A lab per test: an empty storage account, and the module's tenant gone back to its seed."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.acceptance.activities import builders
from tests.acceptance.activities.lab import Lab, MortalLedger
from tests.acceptance.activities.simulator import Simulator


@pytest.fixture(scope="module")
def start_tenant(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[dict[str, Any]], Simulator]]:
    """Start tenants from seeds; each lives as long as the module's tests."""
    folder: Path = tmp_path_factory.mktemp("tenants")
    with ExitStack() as running:

        def start(seed: dict[str, Any]) -> Simulator:
            simulator = Simulator(seed, folder)
            running.callback(simulator.stop)
            return simulator

        yield start


@pytest.fixture(scope="module")
def module_tenant(start_tenant: Callable[[dict[str, Any]], Simulator]) -> Simulator:
    """The plain tenant of this module."""
    return start_tenant(builders.a_tenant())


@pytest.fixture
def tenant(module_tenant: Simulator) -> Simulator:
    """The tenant as it was in the beginning."""
    return module_tenant.reset()


@pytest.fixture
async def open_lab(storage_connection: str) -> AsyncIterator[Callable[[Simulator], Any]]:
    """Labs on a tenant of the test's choice; one storage account per test."""
    opened: list[Lab] = []

    async def make(simulator: Simulator) -> Lab:
        ledger = MortalLedger.from_connection_string(storage_connection)
        await ledger.prepare()
        lab = Lab(tenant=simulator, ledger=ledger, storage=storage_connection)
        opened.append(lab)
        return lab

    yield make
    for lab in opened:
        await lab.close()
        await lab.ledger.close()


@pytest.fixture
async def lab(open_lab: Callable[[Simulator], Any], tenant: Simulator) -> Lab:
    """A rehearsal on the plain tenant."""
    made: Lab = await open_lab(tenant)
    return made


@pytest.fixture(scope="session")
def build() -> ModuleType:
    """The builders: `build.a_person()`, `build.a_team()`, `build.a_council()`."""
    return builders
