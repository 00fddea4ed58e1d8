"""Whoever types what a document says gets the command, the option and the file that it names."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.main import get_command

from teams_rollout.cli.main import FLAGS, VALUED, app

BLOCK = re.compile(r"^```[a-z]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
ENDS_A_COMMAND = {"|", "||", "&&", ";", ">", "2>", "("}
OF_EVERY_COMMAND = VALUED | FLAGS | {"--help"}
SCRIPTS = ("infra/assemble-runbook", "infra/grant-permissions", "infra/register-app")


class Said(NamedTuple):
    """One command in one document."""

    document: str
    words: tuple[str, ...]


def commands(text: str) -> Iterator[list[str]]:
    """Lines of blocks and whole code spans, as words up to a comment or the next command."""
    blocks = BLOCK.findall(text)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    for line in [*lines, *SPAN.findall(BLOCK.sub("", text))]:
        try:
            words = shlex.split(line.replace("\\|", ","), comments=True)
        except ValueError:
            continue
        end = next((i for i, word in enumerate(words) if word in ENDS_A_COMMAND), len(words))
        yield words[:end]


@pytest.fixture(scope="module")
def said(tracked: Sequence[Path], repository: Path) -> list[Said]:
    """Everything in code type in every document."""
    return [
        Said(str(path), tuple(words))
        for path in tracked
        if path.suffix == ".md"
        for words in commands((repository / path).read_text())
        if words
    ]


def complaint(words: Sequence[str]) -> str:
    """What is wrong with a `rollout` command line, or nothing."""
    command: Any = get_command(app)
    rest = list(words)
    while hasattr(command, "list_commands"):
        rest = [w for w in rest if w not in FLAGS]
        if not rest or rest[0].startswith("-") or not re.fullmatch(r"[a-z-]+", rest[0]):
            return ""  # "rollout ..." in prose, or a placeholder
        found = command.get_command(None, rest[0])
        if found is None:
            return f"there is no command {rest[0]!r}"
        command, rest = found, rest[1:]
    known = {name for p in command.params for name in (*p.opts, *p.secondary_opts)}
    options = {word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)}
    unknown = options - known - OF_EVERY_COMMAND
    return f"{command.name} has no option {sorted(unknown)[0]!r}" if unknown else ""


def test_rollout_when_a_document_calls_it_then_command_and_options_exist(said: list[Said]) -> None:
    calls = [s for s in said if s.words[0] in ("rollout", ".venv/bin/rollout")]

    wrong = {(s.document, " ".join(s.words), why) for s in calls if (why := complaint(s.words[1:]))}

    assert len(calls) > 20
    assert not wrong


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("start pilot --yes", ""),
        ("strat pilot", "there is no command 'strat'"),
        ("lab hots ps", "there is no command 'hots'"),
        ("start pilot --force", "start has no option '--force'"),
    ],
)
def test_complaint_when_a_command_is_wrong_then_says_what(line: str, why: str) -> None:
    assert complaint(line.split()) == why


def test_scripts_when_a_document_calls_them_then_their_options_exist(
    said: list[Said], repository: Path
) -> None:
    helps = {
        script: subprocess.run(
            [str(repository / script), "--help"], check=True, capture_output=True, text=True
        ).stdout
        for script in SCRIPTS
    }
    calls = [s for s in said if s.words[0] in SCRIPTS]

    wrong = [
        (s.document, word)
        for s in calls
        for word in s.words[1:]
        if word.startswith("--") and word not in helps[s.words[0]]
    ]

    assert {s.words[0] for s in calls} == set(SCRIPTS)
    assert not wrong


def test_azd_when_a_document_names_a_variable_then_the_templates_know_it(
    tracked: Sequence[Path], repository: Path
) -> None:
    infra = repository / "infra"
    texts = [(repository / path).read_text() for path in tracked if path.suffix == ".md"]
    named = {pair for text in texts for pair in re.findall(r"azd env (set|get-value) (\w+)", text)}
    read = set(re.findall(r"\$\{(\w+)", (infra / "main.parameters.json").read_text()))
    made = set(re.findall(r"^output (\w+)", (infra / "main.bicep").read_text(), re.MULTILINE))

    assert {kind for kind, _ in named} == {"set", "get-value"}
    assert {name for kind, name in named if kind == "set"} <= read | {"VARIABLE"}
    assert {name for kind, name in named if kind == "get-value"} <= made


def test_files_when_a_document_hands_them_to_a_command_then_they_exist(
    said: list[Said], repository: Path
) -> None:
    handed = {
        (s.document, word)
        for s in said
        if re.search(r"(^|/)(pytest|python3?|make|rollout)$", s.words[0])
        for word in s.words[1:]
        if re.match(r"(samples|scripts|tests|infra|docs)/", word)
    }

    assert not {pair for pair in handed if not (repository / pair[1]).exists()}


def test_pytest_when_a_document_selects_by_a_word_then_some_test_has_it(
    said: list[Said], repository: Path
) -> None:
    calls = [s.words for s in said if s.words[0].endswith("pytest") and "-k" in s.words]

    for words in calls:
        asked = words[words.index("-k") + 1]
        paths = [repository / word for word in words[1:] if word.startswith("tests/")]
        files = [f for p in paths for f in ([p] if p.is_file() else p.rglob("test_*.py"))]
        names = re.findall(r"def (test_\w+)", "\n".join(f.read_text() for f in files))
        assert any(asked in name for name in names), words

    assert calls


def test_modules_when_a_document_runs_them_then_they_know_its_options(
    said: list[Said],
) -> None:
    calls = {
        (s.words[2], word)
        for s in said
        if re.fullmatch(r"(.*/)?python3?", s.words[0]) and s.words[1:2] == ("-m",)
        for word in ("", *s.words[3:])
        if not word or re.match(r"--[a-z]", word)
    }
    helps = {
        module: subprocess.run(
            [sys.executable, "-m", module, "--help"], check=True, capture_output=True, text=True
        ).stdout
        for module in {module for module, _ in calls}
    }

    assert helps
    assert {(module, word) for module, word in calls if word not in helps[module]} == set()
