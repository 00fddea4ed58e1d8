"""Records one history of every orchestration from a real run: `make histories`.

    python scripts/record_histories.py --out tests/replay

An invented council goes through the whole lab. While it runs, the longest history of each
orchestration is kept, of instances under way and of finished ones, so that a later version can be
shown to take over both. Files are named after the version in `host.json`, so that those of earlier
versions stay. One more file holds a history that today's code did not make: it must not replay.
Histories hold ids and counts, never people; a recording that shows an address is refused.
"""

import argparse
import csv
import json
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from teams_rollout.contracts import names
from teams_rollout.localhost.protocol import EventType, RuntimeStatus
from teams_rollout.localhost.recorded import Recording, record, recorded_ids

SCRIPTS = Path(__file__).parent
HOST_JSON = SCRIPTS.parent / "host.json"
STATE = Path(".rollout") / "host.sqlite"
LOOK_EVERY = 0.2
LIMITS = "20"
ALL_WAVES_ARE_DONE = "Everything keeps running"
MUST_FAIL = "must_fail"
Kept = dict[tuple[str, str], Recording]
"""The longest recording by name of the orchestration and by `running` or its end."""


def main() -> int:
    """Record; 1 when a history shows more than it may."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        kept = _run_council(Path(folder), people=options.people)
    missing = set(names.ORCHESTRATIONS) - {name for name, _ in kept}
    if missing:
        sys.stderr.write(f"record_histories: nothing ran {', '.join(sorted(missing))}\n")
    files = {f"{name}.{end}": _text(one) for (name, end), one in kept.items()}
    files[f"{names.BATCH}.{MUST_FAIL}"] = _text(_spoiled(kept[names.BATCH, "completed"]))
    if any("@" in text for text in files.values()):
        sys.stderr.write("record_histories: a history holds an address\n")
        return 1
    options.out.mkdir(parents=True, exist_ok=True)
    durable = json.loads(HOST_JSON.read_text("utf-8"))["extensions"]["durableTask"]
    for name, text in files.items():
        path = options.out / f"{durable['defaultVersion']}.{name}.json"
        path.write_text(text, encoding="utf-8")
    longest = max(len(one.history) for one in kept.values())
    sys.stdout.write(f"{len(files)} histories, the longest has {longest} events\n")
    return 0


def _run_council(folder: Path, *, people: int) -> Kept:
    made = [sys.executable, str(SCRIPTS / "make_samples.py"), "--out", str(folder)]
    subprocess.run([*made, "--people", str(people), "--waves", "2"], check=True)
    _switch_notices_on(folder)
    files = ("rollout.toml", "users.csv", "teams.csv", "tenant.json.gz")
    named = [word for name in files for word in (f"--{name.split('.')[0]}", name)]
    cli = [sys.executable, "-m", "teams_rollout.cli"]
    demo = [*cli, "lab", "demo", "--limits", LIMITS, *named]
    kept: Kept = {}
    log = folder / "demo.log"
    with log.open("w") as sink, subprocess.Popen(demo, cwd=folder, stdout=sink) as process:
        while process.poll() is None and ALL_WAVES_ARE_DONE not in log.read_text("utf-8"):
            _look(folder / STATE, kept)
            time.sleep(LOOK_EVERY)
        _run_what_people_run(cli, folder)
        _look(folder / STATE, kept)
        process.send_signal(signal.SIGINT)
    if process.returncode:
        raise SystemExit(f"record_histories: the council ended with {process.returncode}")
    return kept


def _run_what_people_run(cli: list[str], folder: Path) -> None:
    """What is an orchestration too, beside the waves: doctor, notices, a result handed back."""
    told = ("notify", "pilot", "--kind", "done")
    for words in (("doctor",), told, ("handoff", "write", "--to", "hand-off")):
        subprocess.run([*cli, *words], cwd=folder, stdout=subprocess.DEVNULL, check=False)
    for path in (folder / "hand-off").glob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as text:
            rows = [row | {"result": "failed", "reason": "other"} for row in csv.DictReader(text)]
        with path.open("w", encoding="utf-8", newline="") as text:
            writer = csv.DictWriter(text, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        take = [*cli, "handoff", "take", str(path)]
        subprocess.run(take, cwd=folder, stdout=subprocess.DEVNULL, check=False)


def _switch_notices_on(folder: Path) -> None:
    """Let the first person of the files be the sender."""
    with (folder / "users.csv").open(encoding="utf-8-sig") as users:
        sender = next(row["upn"] for row in csv.DictReader(users) if row["upn"])
    with (folder / "rollout.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'\n[notices]\nsender = "{sender}"\ncard = true\n')


def _look(state: Path, kept: Kept) -> None:
    for found in _instances(state):
        is_over = found.instance.is_over
        key = found.instance.name, found.instance.status.lower() if is_over else "running"
        best = kept.get(key)
        if found.history and (best is None or len(found.history) > len(best.history)):
            kept[key] = found


def _instances(state: Path) -> Iterator[Recording]:
    try:
        for instance_id in recorded_ids(state):
            yield record(state, instance_id)
    except sqlite3.Error:
        return  # the host is about to make the file


def _spoiled(recording: Recording) -> Recording:
    """A history in which another activity than today's was scheduled first."""
    events = [dict(event) for event in recording.history]
    first = next(event for event in events if event["EventType"] == EventType.TASK_SCHEDULED)
    first["Name"] = f"{first['Name']}_before_it_was_renamed"
    return Recording(recording.instance, events)


def _text(recording: Recording) -> str:
    if recording.instance.status is RuntimeStatus.FAILED:
        raise SystemExit(f"record_histories: {recording.instance.id} failed")
    return json.dumps(recording.as_json(), indent=1) + "\n"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Record a history of every orchestration.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--people", type=int, default=40)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
