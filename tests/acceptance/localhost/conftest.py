"""Hosts that several tests of a module share."""

from collections.abc import Iterator

import pytest

from tests.acceptance.localhost.host_process import APPS, HostProcess, running


@pytest.fixture(scope="module")
def basic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    """A host with the basic app; tests use instance ids of their own."""
    folder = tmp_path_factory.mktemp("basic")
    with running(APPS / "basic", folder / "state.db") as host:
        yield host
