"""The edge of the command: help, usage errors, exit codes, failures in one sentence."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from teams_rollout.cli.catalogue import ENTRIES
from teams_rollout.cli.main import hoisted
from tests.unit.cli.conftest import Rollout
from tests.unit.cli.stub_api import StubApi

HEAVY = ("httpx", "pydantic", "rich", "teams_rollout.domain")


def test_given_help_when_asked_then_nothing_heavy_is_imported():
    code = (
        "import sys; from teams_rollout.cli.main import run; run(['--help']);"
        f"sys.exit(','.join(m for m in {HEAVY!r} if m in sys.modules) or 0)"
    )

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stderr
    assert "lab" in ran.stdout


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_given_a_listed_command_when_imported_then_its_help_is_the_listed_sentence(entry):
    command: Any = get_command(import_module(entry.module).app)
    if command.name != entry.name:
        command = command.commands[entry.name]

    assert (command.help or "").partition("\n")[0] == entry.help


@pytest.mark.parametrize(
    "words",
    [("plann",), ("plan",), ("waves", "--nope"), ("--output", "xml", "waves"), ("wave",), ()],
)
def test_given_a_wrong_line_when_run_then_usage_and_64(rollout: Rollout, words):
    ran = rollout(*words)

    assert ran.code == 64
    assert "Usage:" in ran.err + ran.out


def test_given_a_typing_error_when_run_then_the_likely_command_is_named(rollout: Rollout):
    assert "'plan'" in rollout("plann", "pilot").err


def test_given_options_anywhere_when_hoisted_then_they_stand_in_front():
    line = ["user", "list", "--output", "json", "--wave", "a", "--exit-code", "--api=http://x"]

    assert hoisted(line) == [
        *("--output", "json", "--exit-code", "--api=http://x"),
        *("user", "list", "--wave", "a"),
    ]


def test_given_a_double_dash_when_hoisted_then_the_rest_is_left_alone():
    assert hoisted(["user", "show", "--", "--debug"]) == ["user", "show", "--", "--debug"]


def test_given_no_api_anywhere_when_run_then_the_ways_to_name_one(rollout: Rollout):
    ran = rollout("waves")

    assert ran.code == 1
    assert "rollout lab up" in ran.err
    assert "--api" in ran.err
    assert "Traceback" not in ran.err


def test_given_nobody_listens_when_run_then_which_where_and_how_to_start(rollout: Rollout):
    ran = rollout("--api", "http://127.0.0.1:9", "waves")

    assert ran.code == 1
    assert "http://127.0.0.1:9" in ran.err
    assert "rollout lab up" in ran.err


def test_given_debug_when_a_command_fails_then_the_traceback_is_shown(rollout: Rollout):
    assert "Traceback" in rollout("waves", "--debug").err


def test_given_a_damaged_address_file_when_run_then_one_sentence(rollout: Rollout, home):
    (home / ".rollout").mkdir()
    (home / ".rollout" / "addresses.json").write_text("[]", encoding="utf-8")

    ran = rollout("waves")

    assert ran.code == 1
    assert "addresses.json" in ran.err


@pytest.mark.parametrize(
    "address", ["localhost:7071", "http://", "http://[::1", "http://127.0.0.1:port", "ftp://a.b"]
)
def test_given_no_web_address_when_named_as_api_then_it_says_so(rollout: Rollout, address: str):
    ran = rollout("--api", address, "waves")

    assert ran.code == 1
    assert f"{address} is no address" in ran.err


def test_given_a_name_with_an_accent_when_acting_as_it_then_the_request_arrives(at_api: Rollout):
    assert at_api("--as", "Zoë", "waves").code == 0


def test_given_an_answer_of_another_version_when_read_then_it_says_so(
    at_api: Rollout, api: StubApi
):
    api.waves = [{"wave": "pilot", "state": "dancing"}]

    ran = at_api("waves")

    assert ran.code == 1
    assert "versions" in ran.err


def test_given_every_command_when_looked_up_then_the_reference_names_it():
    text = (Path(__file__).parents[3] / "docs" / "command-line.md").read_text(encoding="utf-8")

    for entry in ENTRIES:
        command: Any = get_command(import_module(entry.module).app)
        parts = getattr(command, "commands", {}) if command.name == entry.name else {}
        for words in [f"{entry.name} {part}" for part in parts] or [entry.name]:
            assert f"rollout {words}" in text, words


def test_given_a_folder_that_takes_no_files_when_a_lab_is_to_be_there_then_one_sentence(
    tmp_path: Path,
):
    (tmp_path / ".rollout").write_text("a file where the lab's folder should be")
    seed = Path(__file__).parents[3] / "samples" / "tenant.json.gz"

    ran = subprocess.run(
        [sys.executable, "-m", "teams_rollout.cli", "lab", "up", "--seed", str(seed), "--detach"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 1
    assert ".rollout" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1


def test_given_ctrl_c_while_the_command_is_loaded_when_run_then_no_traceback(tmp_path: Path):
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, importlib.abc\n"
        "class Interrupt(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'typer':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
    )

    ran = subprocess.run(
        [sys.executable, "-m", "teams_rollout.cli", "waves"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (130, "")
