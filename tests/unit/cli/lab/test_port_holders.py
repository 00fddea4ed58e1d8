"""Whose port it is: a stranger who answers must not pass for a part of the lab."""

import os
import socket
import sys
from collections.abc import Iterator

import pytest

from teams_rollout.cli.lab.ports import is_held_by_another

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux shows it")


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def test_given_our_own_listener_when_asked_then_nobody_else_holds_the_port(listening):
    assert not is_held_by_another(listening, os.getpid())


def test_given_somebody_elses_listener_when_asked_then_another_holds_the_port(listening):
    assert is_held_by_another(listening, os.getppid())


def test_given_nobody_listens_when_asked_then_nobody_else_holds_the_port(listening):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        silent = int(probe.getsockname()[1])

    assert not is_held_by_another(silent, os.getpid())
