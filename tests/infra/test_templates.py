"""The templates say what the code and Azure expect, as far as that can be known offline."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.infra.checks import Code, faults

APP, MAIN = "infra/app", "infra/main.bicep"

# file, what is replaced, by what, what must be said about it
PLANTED = {
    "a misspelt property": (
        f"{APP}/function-app.bicep",
        "httpsOnly: true",
        "httpsOnley: true",
        "no property 'httpsOnley'",
    ),
    "a misspelt property deep inside": (
        f"{APP}/function-app.bicep",
        "maximumInstanceCount: maximumInstanceCount",
        "maxInstanceCount: maximumInstanceCount",
        "no property 'maxInstanceCount'",
    ),
    "a misspelt property in a loop": (
        f"{APP}/private-endpoints.bicep",
        "groupIds: [",
        "groupIDs: [",
        "no property 'groupIDs'",
    ),
    "a value that Azure does not know": (
        f"{APP}/storage.bicep",
        "minimumTlsVersion: 'TLS1_2'",
        "minimumTlsVersion: 'TLS12'",
        "may not be 'TLS12'",
    ),
    "a text for a truth": (
        f"{APP}/vault.bicep",
        "enableSoftDelete: true",
        "enableSoftDelete: 'true'",
        "may not be 'true'",
    ),
    "a wrong type": (
        f"{APP}/budget.bicep",
        "Microsoft.Consumption/budgets@",
        "Microsoft.Consumption/budget@",
        "no model for type",
    ),
    "a wrong role id": (
        "infra/roles.json",
        "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
        "974c5e8b-45b9-4653-ba55-5f855dd0fb89",
        "role 'storageQueueDataContributor' is not",
    ),
    "the id of another role": (
        "infra/roles.json",
        "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
        "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
        "role 'storageTableDataContributor' is not",
    ),
    "a role id in a template": (
        f"{APP}/vault.bicep",
        "roles.keyVaultSecretsUser)\n  }",
        "'00482a5a-887f-4fb3-b363-3b7fe8e74483')\n  }",
        "an id belongs into roles.json",
    ),
    "an unknown role": (
        f"{APP}/access.bicep",
        "roles.storageBlobDataOwner",
        "roles.storageBlobDataBoss",
        "no role 'storageBlobDataBoss'",
    ),
    "a queue missing in infra": (
        MAIN,
        "  'rollout-wakeups'\n",
        "",
        "queues lack 'rollout-wakeups'",
    ),
    "a poison queue missing in infra": (
        MAIN,
        "  'rollout-batches-poison'\n",
        "",
        "queues lack 'rollout-batches-poison'",
    ),
    "a table that nobody uses": (
        MAIN,
        "  'RolloutUsers'\n",
        "  'RolloutUsers'\n  'RolloutPeople'\n",
        "the code knows no 'RolloutPeople'",
    ),
    "a parse error": (MAIN, "var tags = {", "var tags = {{", "syntax error"),
    "a brace too few": (f"{APP}/identity.bicep", "  tags: tags\n}", "  tags: tags\n", "infra/app"),
    "an undefined name": (
        f"{APP}/function-app.bicep",
        "serverFarmId: plan.id",
        "serverFarmId: plann.id",
        "unknown name 'plann'",
    ),
    "a parameter left over": (
        f"{APP}/identity.bicep",
        "param location string",
        "param location string\nparam sku string",
        "'sku' is declared and not used",
    ),
    "a module's parameter misspelt": (
        MAIN,
        "retentionInDays: logRetentionDays",
        "retentionDays: logRetentionDays",
        "needs parameter 'retentionInDays'",
    ),
    "an output that is not there": (
        MAIN,
        "identity.outputs.clientId",
        "identity.outputs.appId",
        "identity has no output 'appId'",
    ),
    "shared keys": (
        f"{APP}/storage.bicep",
        "allowSharedKeyAccess: false",
        "allowSharedKeyAccess: true",
        "allowSharedKeyAccess must be False",
    ),
    "shared keys by default": (
        f"{APP}/storage.bicep",
        "    allowSharedKeyAccess: false\n",
        "",
        "allowSharedKeyAccess must be False",
    ),
    "telemetry with a key": (
        f"{APP}/monitoring.bicep",
        "DisableLocalAuth: true",
        "DisableLocalAuth: false",
        "DisableLocalAuth must be True",
    ),
    "an open door": (
        f"{APP}/function-app.bicep",
        "requireAuthentication: true",
        "requireAuthentication: false",
        "requireAuthentication must be True",
    ),
    "a second open path": (
        f"{APP}/function-app.bicep",
        "        '/api/v1/health' //",
        "        '/api/v1/waves'\n        '/api/v1/health' //",
        "excludedPaths must be",
    ),
    "a hub of another name": (
        "host.json",
        "%TASKHUB_NAME%",
        "TeamsRollout",
        "must come from TASKHUB_NAME",
    ),
    "a hub setting missing": (
        f"{APP}/function-app.bicep",
        "    TASKHUB_NAME: taskHub\n",
        "",
        "app setting 'TASKHUB_NAME' is missing",
    ),
    "a setting missing": (
        f"{APP}/function-app.bicep",
        "    ROLLOUT_STORAGE_TABLE_URL: ledgerEndpoints.table\n",
        "",
        "app setting 'ROLLOUT_STORAGE_TABLE_URL' is missing",
    ),
    "a setting that nobody reads": (
        f"{APP}/function-app.bicep",
        "ROLLOUT_GRAPH_SHARE:",
        "ROLLOUT_GRAPH_PART:",
        "the app reads no setting 'ROLLOUT_GRAPH_PART'",
    ),
    "a trigger's connection of another name": (
        f"{APP}/function-app.bicep",
        "RolloutStorage__queueServiceUri",
        "LedgerStorage__queueServiceUri",
        "'RolloutStorage__queueServiceUri' is missing",
    ),
    "a setting that Flex Consumption refuses": (
        f"{APP}/function-app.bicep",
        "    TASKHUB_NAME: taskHub\n",
        "    TASKHUB_NAME: taskHub\n    FUNCTIONS_WORKER_RUNTIME: 'python'\n",
        "FUNCTIONS_WORKER_RUNTIME has no place",
    ),
    "a setting missing on laptops": (
        "local.settings.sample.json",
        '    "RolloutStorage": "UseDevelopmentStorage=true",\n',
        "",
        "'RolloutStorage' is missing",
    ),
    "a parameter that the file misses": (
        "infra/main.parameters.json",
        '"signInClientId"',
        '"signInClient"',
        "no parameter 'signInClient'",
    ),
    "a service that azd cannot find": (
        "azure.yaml",
        "  api: #",
        "  rollout: #",
        "no tag leads azd to service 'rollout'",
    ),
    "instances that run nothing": (
        MAIN,
        "param maximumInstanceCount int = 4",
        "param maximumInstanceCount int = 40",
        "more instances than partitions",
    ),
    "orchestrators without a thread": (
        "host.json",
        '"maxConcurrentOrchestratorFunctions": 8',
        '"maxConcurrentOrchestratorFunctions": 16',
        "orchestrators that no thread takes",
    ),
    "instances that pace by themselves": (
        f"{APP}/function-app.bicep",
        "ROLLOUT_GOVERNOR: 'shared'",
        "ROLLOUT_GOVERNOR: 'local'",
        "ROLLOUT_GOVERNOR must be 'shared'",
    ),
    "an alert for something that nobody reports": (
        f"{APP}/alerts.bicep",
        '"wave_stalled"',
        '"wave_stopped"',
        "nothing is called 'wave_stopped'",
    ),
    "an alert on a metric of another name": (
        f"{APP}/alerts.bicep",
        '"rollout.queue.age"',
        '"rollout.queues.age"',
        "nothing is called 'rollout.queues.age'",
    ),
    "an alert on a property that nothing has": (
        f"{APP}/alerts.bicep",
        'Properties["action"]) == "instance_failed"',
        'Properties["event"]) == "instance_failed"',
        "nothing has a property 'event'",
    ),
    "a query for a table of another name": (
        f"{APP}/alerts.bicep",
        "query: 'AppMetrics |",
        "query: 'AppMetric |",
        "unknown table",
    ),
    "a chart of a metric of another name": (
        "infra/workbook.json",
        "rollout.graph.quota.use",
        "rollout.graph.quota.used",
        "quota: nothing is called 'rollout.graph.quota.used'",
    ),
    "a chart of a column that the table lacks": (
        "infra/workbook.json",
        "max(Sum) by bin",
        "max(Total) by bin",
        "have no column 'Total'",
    ),
    "a query with a bracket too few": (
        "infra/workbook.json",
        "max(Sum) by bin",
        "max(Sum by bin",
        "brackets do not match",
    ),
    "a workbook item without its version": (
        "infra/workbook.json",
        '"version": "KqlItem/1.0"',
        '"version": "KqlItem"',
        "version must be 'KqlItem/1.0'",
    ),
    "a workbook that asks another workspace": (
        "infra/workbook.json",
        '"{workspace}"',
        '"Azure Monitor"',
        "must be asked of {workspace}",
    ),
    "a library that would be instrumented": (
        f"{APP}/function-app.bicep",
        "azure_sdk,django",
        "django",
        "azure_sdk would be instrumented",
    ),
    "a worker whose spans are dropped": (
        f"{APP}/function-app.bicep",
        "    PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY: 'true'\n",
        "",
        "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY must be",
    ),
    "inputs in traces": (
        "host.json",
        '"traceInputsAndOutputs": false',
        '"traceInputsAndOutputs": true',
        "do not belong into traces",
    ),
    "a host that speaks another language": (
        "host.json",
        '  "telemetryMode": "OpenTelemetry",\n',
        "",
        "telemetryMode must be",
    ),
    "another Python": (
        MAIN,
        "param pythonVersion string = '3.11'",
        "param pythonVersion string = '3.12'",
        "another Python version",
    ),
}


def test_templates_when_checked_then_nothing_is_wrong(repository: Path, code: Code) -> None:
    assert faults(repository, code) == []


@pytest.mark.parametrize("fault", PLANTED)
def test_planted_fault_when_checked_then_is_named(
    fault: str, copy_of: Callable[[], Path], code: Code
) -> None:
    file, old, new, expected = PLANTED[fault]
    folder = copy_of()
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))

    found = faults(folder, code)

    assert any(expected in line for line in found), found
