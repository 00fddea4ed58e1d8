"""A second reader of the templates, with opinions about security: checkov, in a venv of its own.

It reads with another parser, which knows less of the language. A file that it cannot parse counts
as an error here, although checkov itself ends with success then.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CHECKOV = ROOT / ".venv-checkov" / "bin" / "checkov"
BROKEN = "broken.bicep"

# What checkov would have otherwise, and why it is so.
ACCEPTED = {
    "CKV_AZURE_13": "sign-in is authsettingsV2; the check knows only its predecessor",
    "CKV_AZURE_17": "client certificates: people sign in with Entra",
    "CKV_AZURE_35": "the firewall closes with privateNetworking, which checkov does not evaluate",
    "CKV_AZURE_63": "HTTP logging is for App Service plans; requests are in Application Insights",
    "CKV_AZURE_65": "detailed error pages are for App Service plans",
    "CKV_AZURE_66": "failed request tracing is for App Service plans",
    "CKV_AZURE_80": "there is no .NET in the app",
    "CKV_AZURE_88": "Flex Consumption has no content share",
    "CKV_AZURE_109": "the firewall closes with privateNetworking, which checkov does not evaluate",
    "CKV_AZURE_206": "durable state needs one region only; the ledger's copies are a parameter",
    "CKV_AZURE_212": "Flex Consumption counts instances in alwaysReady",
    "CKV_AZURE_213": "health checks of App Service plans; ours is /api/v1/health",
    "CKV_AZURE_222": "people reach the app from their offices; EasyAuth stands before it",
    "CKV_AZURE_225": "zones double the always-ready price; a wave survives the loss of an instance",
}
MUST_PASS = {
    "CKV_AZURE_14": "web apps redirect to HTTPS",
    "CKV_AZURE_15": "web apps ask for TLS 1.2",
    "CKV_AZURE_67": "functions speak HTTP/2",
    "CKV_AZURE_70": "functions are reached over HTTPS only",
    "CKV_AZURE_78": "FTP is off",
}


def run_checkov(folder: Path) -> dict[str, Any]:
    """What checkov says of the templates and of a copy of one with a parse error.

    One run for both, because a run takes seconds. No key and no proxy: it asks nobody outside.
    """
    # The Graph module uses an extension, which this parser does not know.
    shutil.copytree(ROOT / "infra", folder / "infra", ignore=shutil.ignore_patterns("graph"))
    text = (ROOT / "infra" / "app" / "identity.bicep").read_text()
    (folder / "infra" / BROKEN).write_text(text.replace("= {", "=", 1))
    run = subprocess.run(
        [
            *(str(CHECKOV), "--directory", "infra", "--framework", "bicep", "--skip-download"),
            *("--output", "json", "--compact"),
        ],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LOG_LEVEL": "CRITICAL"},
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(run.stdout)
    return dict(found[0] if isinstance(found, list) else found)


@pytest.mark.skipif(not CHECKOV.exists(), reason="not installed: make .venv-checkov/.stamp")
def test_templates_when_read_by_checkov_then_only_the_planted_error_and_answered_objections(
    tmp_path: Path,
) -> None:
    report = run_checkov(tmp_path)

    results = report["results"]
    passed = {check["check_id"] for check in results["passed_checks"]}
    failed = {check["check_id"] for check in results["failed_checks"]}
    assert [Path(name).name for name in results["parsing_errors"]] == [BROKEN]
    assert report["summary"]["resource_count"] > 50
    assert failed == set(ACCEPTED), "an objection without an answer, or an answer too many"
    assert set(MUST_PASS) <= passed
