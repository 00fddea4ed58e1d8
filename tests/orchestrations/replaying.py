"""Replays recorded histories against today's orchestrations, through the unmodified SDK."""

import json
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import azure.durable_functions as df

from orchestrations.blueprint import bp
from teams_rollout.localhost.recorded import Recording, check

MUST_FAIL = "must_fail"


def recording_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json"))


def read(path: Path) -> Recording:
    return Recording.from_json(json.loads(path.read_text(encoding="utf-8")))


def replay(recording: Recording) -> None:
    """Raise unless today's code schedules what the recording holds, and ends as it ended."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the SDK warns of is no error of a replay
        check(recording, lambda name, envelope: str(_functions()[name](context=envelope)))


@cache
def _functions() -> dict[str, Any]:
    app = df.DFApp()
    app.register_functions(bp)
    return {one.get_function_name(): one.get_user_function() for one in app.get_functions()}
