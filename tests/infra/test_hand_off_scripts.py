"""The PowerShell of the hand-offs, as far as it can be judged without PowerShell: it never ran.

Syntax by a grammar, cmdlets and parameters by a list made from Microsoft's reference, columns by
the code that writes the file; and no way to throw anybody's contacts away.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.runbook import assemble
from teams_rollout.domain.hand_off.files import COLUMNS
from teams_rollout.domain.hand_off.model import SCHEMA_VERSION, Addressee
from teams_rollout.domain.hand_off.results import MAX_DETAIL, REASONS
from tests.infra.powershell import (
    Script,
    call_faults,
    columns_used,
    force_faults,
    functions,
    parse,
    syntax_faults,
    unasked_faults,
)

FOLDER = Path(__file__).parents[2] / "infra" / "hand-off"
SCRIPTS = sorted(path.name for path in FOLDER.glob("*.ps1"))
SHARED = "HandOff.ps1"


def faults(folder: Path) -> list[str]:
    """Everything that is wrong with the scripts of a folder."""
    scripts = [parse(path) for path in sorted(folder.glob("*.ps1"))]
    own = {name: f for script in scripts for name, f in functions(script).items()}
    found: list[str] = []
    for script in scripts:
        found += syntax_faults(script)
        found += call_faults(script, own)
        found += unasked_faults(script)
        found += force_faults(script)
        found += (f"{at}: no column {c!r}" for at, c in columns_used(script) if _unknown(c))
    return found


def _unknown(column: str) -> bool:
    return column not in COLUMNS and column != "PSObject"


PLANTED = {
    "a brace too many": ("Move-HandedOffUsers.ps1", "    try {", "    try {{", "syntax error"),
    "the switch that loses contacts": (
        "Move-HandedOffUsers.ps1",
        "-Confirm:$false",
        "-Force",
        "-Force",
    ),
    "the same switch, cut short": (
        "Move-HandedOffUsers.ps1",
        "-Confirm:$false",
        "-forc",
        "-forc",
    ),
    "the same switch, in a table": (
        "runbook.ps1",
        "Token = $token }",
        "Token = $token; Force = $true }",
        "splatted table",
    ),
    "a misspelt parameter": (
        SHARED,
        "-CertificateThumbprint $Cert",
        "-CertificatThumbprint $Cert",
        "no parameter -CertificatThumbprint",
    ),
    "a parameter that was taken away": (
        "Start-HandedOffMeetingMigration.ps1",
        "-TargetMeetingType Teams",
        "-MigrateMeetingsToTeams Teams",
        "no parameter -MigrateMeetingsToTeams",
    ),
    "a cmdlet that nobody knows": (
        SHARED,
        "New-CsBatchPolicyAssignmentOperation",
        "New-CsBatchPolicyOperation",
        "not on the list",
    ),
    "a move without a question": (
        "Move-HandedOffUsers.ps1",
        '-not $PSCmdlet.ShouldProcess($row.sign_in_name, "move to $Target")',
        "-not $row.sign_in_name",
        "not behind ShouldProcess",
    ),
    "a column that the file does not have": (
        "Move-HandedOffUsers.ps1",
        "$row.sign_in_name",
        "$row.sip_address",
        "no column 'sip_address'",
    ),
}


@pytest.fixture
def copied(tmp_path: Path) -> Callable[[], Path]:
    """A copy of the scripts that a test may spoil."""

    def copy() -> Path:
        for name in SCRIPTS:
            (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
        return tmp_path

    return copy


def test_scripts_when_read_then_no_fault() -> None:
    assert len(SCRIPTS) == 5
    assert faults(FOLDER) == []


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_fault_when_read_then_found(what: str, copied: Callable[[], Path]) -> None:
    name, old, new, said = PLANTED[what]
    folder = copied()
    text = (folder / name).read_text("utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new), "utf-8")

    assert any(said in fault for fault in faults(folder))


@pytest.mark.parametrize("name", [n for n in SCRIPTS if n != SHARED])
def test_a_script_when_called_then_it_can_show_only(name: str) -> None:
    text = (FOLDER / name).read_text("utf-8")

    assert "SupportsShouldProcess" in text.partition("param(")[0]


def test_the_shared_part_when_compared_then_the_columns_and_limits_of_the_file() -> None:
    text = (FOLDER / SHARED).read_text("utf-8")
    columns = re.search(r"\$HandOffColumns = @\((.*?)\)", text, re.DOTALL)

    assert columns is not None
    assert tuple(re.findall(r"'(\w+)'", columns[1])) == COLUMNS
    assert f"$HandOffSchemaVersion = '{SCHEMA_VERSION}'" in text
    assert f"-gt {MAX_DETAIL}" in text


def test_words_when_written_into_the_file_then_the_intake_knows_them() -> None:
    texts = [(FOLDER / name).read_text("utf-8") for name in SCRIPTS]
    reasons = {
        w for t in texts for w in re.findall(r"-Reason '(\w+)'|return '(\w+)'", t) for w in w
    }
    addressees = {w for t in texts for w in re.findall(r"-Addressee '(\w+)'", t)}

    assert reasons - {""} <= set(REASONS)
    assert addressees == set(Addressee)


def test_the_runbook_when_assembled_then_one_whole_script(tmp_path: Path) -> None:
    (tmp_path / "whole.ps1").write_text(assemble(FOLDER), "utf-8")
    script: Script = parse(tmp_path / "whole.ps1")

    assert list(syntax_faults(script)) == []
    assert list(call_faults(script, functions(script))) == []
