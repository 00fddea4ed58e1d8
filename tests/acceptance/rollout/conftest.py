"""A whole rollout on this machine, and how it is judged: from the tenant's effects and state.

Our own tables are never believed: the simulator's append-only effect log says what really
happened to whom, and the council's expected file says what should have.
"""

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

REPOSITORY = Path(__file__).parents[3]
ROLLOUT = str(Path(sys.executable).with_name("rollout"))
UNTOUCHED = frozenset(
    {"already_done", "guest", "disabled", "on_hold", "conflict", "not_found", "group_plan_off"}
)
"""Kinds of people for whom no request may have had any effect."""


@dataclass(frozen=True)
class Results:
    """What a finished demo left behind, and what was expected of it."""

    folder: Path
    expected: list[dict[str, str]]

    def load(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text("utf-8"))

    def effects(self) -> list[dict[str, Any]]:
        text = (self.folder / "tenant-effects.jsonl").read_text("utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def wrong_ends(self) -> list[str]:
        """People whom `user list` shows elsewhere than expected."""
        listed = {u["id"] or u["upn"]: u for u in self.load("users.json")}
        wrong = []
        for row in self.expected:
            user = listed.get(row["id"] or row["upn"], {})
            found = (user.get("state", "lost"), user.get("code") or "")
            if found != (row["state"], row["code"]):
                wrong.append(f"{row['kind']}: {found}, expected {row['state']} {row['code']}")
        return wrong

    def repeated(self) -> list[Any]:
        """Effects of requests that happened more than once to the same object."""
        seen = Counter(
            (e["kind"], e["objectId"], json.dumps(e["after"], sort_keys=True))
            for e in self.effects()
            if e["cause"] == "request"
        )
        return [what for what, times in seen.items() if times > 1]

    def touched(self) -> set[str]:
        """Kinds of people who should have been left alone and were not."""
        alone = {r["id"]: r["kind"] for r in self.expected if r["kind"] in UNTOUCHED and r["id"]}
        people = set()
        for effect in self.effects():
            if effect["cause"] != "request":
                continue
            is_member = effect["kind"] in ("team.member", "group.member")
            people.add(effect["after"] if is_member else effect["objectId"])
        return {alone[p] for p in people & alone.keys()}

    def wrong_in_tenant(self) -> list[str]:
        """People whose expected end the tenant itself does not show."""
        state = self.load("tenant-state.json")
        users = {u["id"]: u for u in state["users"]}
        giving = {g["id"] for g in state["groups"] if g["assignedLicenses"]}
        found = ((r, users.get(r["id"])) for r in self.expected)
        return [w for row, user in found if user for w in _wrong_end(row, user, giving)]


def _wrong_end(row: dict[str, str], user: dict[str, Any], giving: set[str]) -> list[str]:
    """Args: giving: ids of the groups that license their members."""
    kind, mode = row["kind"], user["effectiveMode"]
    is_moved = kind in ("normal", "no_location", "voice") and row["state"] == "done"
    licensed = user["assignedLicenses"] or giving.intersection(user["memberOf"])
    if is_moved and (mode != "TeamsOnly" or not licensed):
        return [f"{kind}: {mode}, licences {user['assignedLicenses']}"]
    if kind == "onprem" and mode == "TeamsOnly":
        return ["onprem: TeamsOnly although homed on the server"]
    if kind == "foreign_location" and user["usageLocation"] != "IE":
        return [f"foreign_location: {user['usageLocation']}"]
    return []


def run(*words: str, cwd: Path, timeout: float = 570) -> subprocess.CompletedProcess[str]:
    """`rollout WORDS` as a person would type it."""
    return subprocess.run(
        [ROLLOUT, *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"},
    )


def council(stem: Path | str, folder: Path) -> dict[str, Path]:
    """The files of a council: `stem.users.csv` or, in a folder of its own, `users.csv`."""
    dot = f"{stem}." if stem else ""
    return {
        "rollout": folder / f"{dot}rollout.toml",
        "users": folder / f"{dot}users.csv",
        "teams": folder / f"{dot}teams.csv",
        "tenant": folder / f"{dot}tenant.json.gz",
        "expected": folder / f"{dot}expected.csv",
    }


def demo(files: dict[str, Path], cwd: Path, *, limits: float = 1.0, faults: Any = None) -> Results:
    """Run the demo to its end, under faults if there are any, and keep what it left behind."""
    named = [w for n, p in files.items() if n != "expected" for w in (f"--{n}", str(p))]
    if faults:
        (cwd / "faults.json").write_text(json.dumps(faults), encoding="utf-8")
        named += ["--faults", "faults.json"]
    done = run("lab", "demo", "--exit", "--limits", str(limits), *named, cwd=cwd)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    with files["expected"].open(encoding="utf-8") as text:
        return Results(folder=cwd / ".rollout", expected=list(csv.DictReader(text)))


def make_council(folder: Path, *options: str) -> dict[str, Path]:
    """An invented council from the samples' own generator."""
    script = REPOSITORY / "scripts" / "make_samples.py"
    subprocess.run(
        [sys.executable, str(script), "--out", str(folder), *options],
        check=True,
        capture_output=True,
    )
    return council("", folder)


@pytest.fixture
def run_council(tmp_path: Path) -> Callable[..., Results]:
    """Runs the demo of any council in a folder of its own."""

    def run_files(files: dict[str, Path], *, limits: float = 1.0, faults: Any = None) -> Results:
        return demo(files, tmp_path, limits=limits, faults=faults)

    return run_files


@pytest.fixture(scope="session")
def named_council() -> Callable[..., dict[str, Path]]:
    """The files of a council by stem and folder."""
    return council


@pytest.fixture(scope="session")
def invented_council() -> Callable[..., dict[str, Path]]:
    """Makes a council with the samples' generator."""
    return make_council


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The README's demo, once per session, at the published limits."""
    return demo(council("", REPOSITORY / "samples"), tmp_path_factory.mktemp("sample"))


@dataclass(frozen=True)
class RunningLab:
    """A lab that stays up while a test talks to it."""

    cwd: Path
    addresses: dict[str, str]

    def rollout(self, *words: str) -> subprocess.CompletedProcess[str]:
        return run(*words, cwd=self.cwd)

    def json(self, *words: str) -> Any:
        done = self.rollout(*words, "--output", "json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def tenant(self, path: str) -> Any:
        return httpx.get(f"{self.addresses['tenant']}/_tenant/{path}", trust_env=False).json()

    def writes(self) -> int:
        return int(self.tenant("requests")["writes"])

    def change(self, *operations: dict[str, Any]) -> None:
        url = f"{self.addresses['tenant']}/_tenant/changes"
        httpx.post(url, json=list(operations), trust_env=False).raise_for_status()

    def fail(self, path: str, **rule: Any) -> None:
        """Let the next requests to the path fail."""
        url = f"{self.addresses['tenant']}/_tenant/faults"
        faults = {"seed": 1, "rules": [{"method": "*", "path": path, "rate": 1.0, **rule}]}
        httpx.post(url, json=faults, trust_env=False).raise_for_status()

    def effects(self) -> list[dict[str, Any]]:
        text = httpx.get(f"{self.addresses['tenant']}/_tenant/effects", trust_env=False).text
        return [json.loads(line) for line in text.splitlines()]

    @staticmethod
    def expected(files: dict[str, Path]) -> list[dict[str, str]]:
        with files["expected"].open(encoding="utf-8") as text:
            return list(csv.DictReader(text))

    def part_pid(self, part: str) -> int:
        record = json.loads((self.cwd / ".rollout" / "lab.json").read_text("utf-8"))
        return int(record["parts"][part]["pid"])


LabStarter = Callable[..., RunningLab]


@pytest.fixture(scope="module")
def start_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabStarter]:
    """Starts labs that are stopped when the module is done."""
    labs: list[Path] = []

    def start(files: dict[str, Path], *options: str) -> RunningLab:
        cwd = tmp_path_factory.mktemp("lab")
        up = run("lab", "up", "--detach", "--seed", str(files["tenant"]), *options, cwd=cwd)
        assert up.returncode == 0, up.stdout + up.stderr
        labs.append(cwd)
        addresses = json.loads((cwd / ".rollout" / "addresses.json").read_text("utf-8"))
        return RunningLab(cwd=cwd, addresses=addresses)

    yield start
    for cwd in labs:
        run("lab", "down", cwd=cwd, timeout=60)
