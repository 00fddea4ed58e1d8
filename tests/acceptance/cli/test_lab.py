"""The lab with its real parts: up, seen, killed, down."""

import json
import os
import signal

import httpx
import pytest

from teams_rollout.cli.lab.processes import is_running
from tests.acceptance.cli.conftest import SAMPLES, SEED, CommandLine, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("lab")]


def health(rollout: CommandLine) -> bool:
    """Whether the app says that it can work."""
    try:
        url = f"{rollout.addresses().api}/api/v1/health"
        return httpx.get(url, timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def test_given_a_lab_in_the_background_when_used_then_it_keeps_what_was_imported(
    rollout: CommandLine,
):
    up = rollout.run("lab", "up", "--seed", str(SEED), "--detach")
    assert up.returncode == 0, up.stderr
    assert "rollout-batches" in up.stdout
    assert "/api/v1" in up.stdout
    assert "wave_orchestration" in up.stdout
    assert set(json.loads((rollout.state / "addresses.json").read_text())) == {
        *("api", "portal", "tenant", "storage", "host")
    }

    imported = rollout.run("import", str(SAMPLES))
    again = rollout.run("lab", "up", "--detach")
    fresh = rollout.run("lab", "up", "--fresh", "--detach", "--seed", str(SEED))
    other = rollout.run("lab", "up", "--seed", str(SAMPLES / "rollout.toml"), "--detach")
    parts = rollout.parts()
    down = rollout.run("lab", "down")
    unreachable = rollout.run("waves")

    assert imported.returncode == 0, imported.stderr
    assert "already running" in again.stdout
    assert other.returncode == 1
    assert fresh.returncode == 1
    assert "rollout lab down" in fresh.stderr
    assert down.returncode == 0
    assert not any(is_running(part) for part in parts.values())
    assert unreachable.returncode == 1
    assert "rollout lab up" in unreachable.stderr

    rollout.run("lab", "up", "--detach")
    waves = rollout.run("waves", "--output", "json")
    instances = rollout.run("lab", "host", "ps", "--output", "json")
    imports = [one["instanceId"] for one in json.loads(instances.stdout)]
    shown = rollout.run("lab", "host", "show", imports[0])
    purged = rollout.run("lab", "host", "purge", "--finished")

    assert [wave["wave"] for wave in json.loads(waves.stdout)] == ["pilot", "1", "2"]
    assert "import_orchestration" in instances.stdout
    assert "TaskCompleted" in shown.stdout
    assert "1 finished instance is gone" in purged.stdout


def test_given_a_host_killed_again_as_it_comes_back_when_left_alone_then_it_is_there_again(
    rollout: CommandLine,
):
    # As a script's background job, which is started with Ctrl-C ignored.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    lab = rollout.start("lab", "up", "--seed", str(SEED))
    signal.signal(signal.SIGINT, before)
    address = rollout.addresses()
    killed = rollout.parts()["host"]

    os.kill(killed.pid, signal.SIGKILL)
    eventually(lambda: rollout.parts()["host"] != killed, saying=lambda: rollout.output)
    coming_back = rollout.parts()["host"]
    os.kill(coming_back.pid, signal.SIGKILL)
    eventually(lambda: rollout.parts()["host"] != coming_back, saying=lambda: rollout.output)
    eventually(lambda: health(rollout), saying=lambda: rollout.output)

    assert rollout.addresses() == address
    assert rollout.output.count("was killed (signal 9); starting it again") == 2
    lab.send_signal(signal.SIGINT)
    assert lab.wait(timeout=60) == 0


def test_given_a_lab_when_its_storage_dies_then_it_says_so_and_stops_the_rest(
    rollout: CommandLine,
):
    lab = rollout.start("lab", "up", "--seed", str(SEED))
    rollout.addresses()
    parts = rollout.parts()

    os.kill(parts["azurite"].pid, signal.SIGKILL)

    assert lab.wait(timeout=60) == 1
    assert "storage (Azurite) was killed by signal 9" in rollout.output
    assert "azurite.log" in rollout.output
    assert not any(is_running(part) for part in parts.values())


def test_given_a_lab_when_it_is_killed_itself_then_nothing_is_left(rollout: CommandLine):
    lab = rollout.start("lab", "up", "--seed", str(SEED))
    rollout.addresses()
    parts = rollout.parts()

    lab.kill()

    eventually(lambda: not any(is_running(part) for part in parts.values()))


def test_given_a_part_that_cannot_start_when_brought_up_then_the_end_of_its_log(
    rollout: CommandLine,
):
    seed = rollout.folder / "seed.json"
    # A tenant at first sight, but with a user whom the simulator cannot read.
    seed.write_text('{"tenant": {"id": "1"}, "skus": [], "users": [{"id": 1}]}', encoding="utf-8")

    up = rollout.run("lab", "up", "--seed", str(seed))

    assert up.returncode == 1
    assert "tenant (simulator) ended with exit code" in up.stderr
    assert "Stopping storage" in up.stderr
    assert "Traceback (most recent call last)" not in up.stderr.split("its log")[0]
