"""What the templates must agree on with the code, with Azure's published ids, and with prudence.

`faults` runs every check on one copy of the repository's deployment files, so that a copy with a
planted fault can be judged like the original.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

from tests.infra import bicep
from tests.infra.bicep import Declared, Fault, Node, Template, literal, value_at
from tests.infra.kql import Told, query_faults
from tests.infra.shapes import property_faults
from tests.infra.workbook import queries as workbook_queries
from tests.infra.workbook import workbook_faults

# Published ids: learn.microsoft.com/azure/role-based-access-control/built-in-roles
ROLES = {
    "durableTaskDataContributor": "0ad04412-c4d5-4796-b79c-f76d14c8d402",
    "keyVaultSecretsUser": "4633458b-17de-408a-b874-0445c86b69e6",
    "monitoringMetricsPublisher": "3913510d-42f4-4e42-8a64-420c390055eb",
    "storageBlobDataOwner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "storageQueueDataContributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "storageTableDataContributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
}
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# Set by functionAppConfig, or without meaning on Flex Consumption.
# learn.microsoft.com/azure/azure-functions/functions-app-settings, deprecations of that plan
NOT_ON_FLEX = re.compile(
    r"FUNCTIONS_WORKER_RUNTIME(_VERSION)?|FUNCTIONS_EXTENSION_VERSION|TZ|WEBSITE_TIME_ZONE"
    r"|WEBSITE_RUN_FROM_PACKAGE|WEBSITE_CONTENT\w+|SCM_DO_BUILD_DURING_DEPLOYMENT"
    r"|ENABLE_ORYX_BUILD|WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT|AzureWebJobsStorage"
)

# Per resource type: what must be literally so.
REQUIRED: dict[str, dict[str, object]] = {
    "Microsoft.Storage/storageAccounts": {
        "properties.allowSharedKeyAccess": False,
        "properties.allowBlobPublicAccess": False,
        "properties.isLocalUserEnabled": False,
        "properties.minimumTlsVersion": "TLS1_2",
        "properties.supportsHttpsTrafficOnly": True,
    },
    "Microsoft.Automation/automationAccounts": {"properties.disableLocalAuth": True},
    "Microsoft.Insights/components": {"properties.DisableLocalAuth": True},
    "Microsoft.OperationalInsights/workspaces": {"properties.features.disableLocalAuth": True},
    "Microsoft.KeyVault/vaults": {
        "properties.enableRbacAuthorization": True,
        "properties.enablePurgeProtection": True,
    },
    "Microsoft.Web/sites": {"properties.httpsOnly": True},
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": {"properties.allow": False},
}
SIGN_IN: dict[str, object] = {
    "properties.platform.enabled": True,
    "properties.globalValidation.requireAuthentication": True,
    "properties.globalValidation.excludedPaths": ["/api/v1/health"],
    "properties.httpSettings.requireHttps": True,
    "properties.login.tokenStore.enabled": False,
}

# What azure-monitor-opentelemetry instruments unless it is told not to (tests/unit/app compares).
INSTRUMENTED = {
    *("azure_sdk", "django", "fastapi", "flask", "httpx", "httpx2"),
    *("psycopg2", "requests", "urllib", "urllib3"),
}
TELEMETRY = {
    "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY": "true",
    "OTEL_TRACES_SAMPLER": "always_on",
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
}


@dataclass(frozen=True)
class Code:
    """What the code asks of a deployment.

    Attributes:
        settings: names of every setting that the app reads from people.
        not_on_azure: those of them that only a laptop has.
        connections: connection names of queue triggers.
        told: what the code tells of itself, for queries to ask.
    """

    queues: frozenset[str]
    tables: frozenset[str]
    settings: frozenset[str]
    not_on_azure: frozenset[str]
    connections: frozenset[str]
    told: Told


@dataclass(frozen=True)
class Deployment:
    """The deployment files below one folder."""

    folder: Path
    code: Code

    @cached_property
    def templates(self) -> Mapping[Path, Template]:
        """Every template by its path."""
        files = sorted((self.folder / "infra").rglob("*.bicep"))
        parsed = [bicep.read(file, relative_to=self.folder) for file in files]
        return {template.path: template for template in parsed}

    @property
    def main(self) -> Template:
        """The entry template."""
        return self.templates[Path("infra/main.bicep")]

    def json(self, name: str) -> Any:
        """A JSON file of the deployment."""
        return json.loads((self.folder / name).read_text())

    def variable(self, name: str) -> Node:
        """The value of a variable of the entry template."""
        return self.main.declared("var")[name].named_children[-1]

    def variable_of(self, file: str, name: str) -> Node:
        """The value of a variable of a module."""
        return self.templates[Path(file)].declared("var")[name].named_children[-1]

    def resources(self, kind: str) -> Iterator[tuple[Template, Declared]]:
        """Resources of a type that the templates make."""
        for template in self.templates.values():
            for resource in template.resources():
                if resource.type == kind and not resource.is_existing:
                    yield template, resource

    def config(self, name: str) -> tuple[Template, Declared]:
        """One of the app's `sites/config` resources."""
        return next(
            (template, resource)
            for template, resource in self.resources("Microsoft.Web/sites/config")
            if literal(value_at(resource.body, "name")) == name
        )

    @cached_property
    def settings(self) -> dict[str, Node]:
        """The app settings that the templates set, by name."""
        template, resource = self.config("appsettings")
        value = value_at(resource.body, "properties")
        texts = [value] if value else []
        texts += template.declared("var").values()
        objects = [o for text in texts for o in bicep.descend(text, "object")]
        return {key: node for o in objects for key, _, node in bicep.properties(o)}


Check = Callable[[Deployment], Iterator[Fault]]


def faults(folder: Path, code: Code) -> list[str]:
    """Everything that is wrong with the deployment files below a folder, in words."""
    deployment = Deployment(folder, code)
    found: list[Fault] = []
    for template in deployment.templates.values():
        found += bicep.syntax_faults(template)
    if found:  # nothing else can be trusted then
        return [str(fault) for fault in found]
    for template in deployment.templates.values():
        found += _faults_within(template)
        found += bicep.module_faults(template, deployment.templates)
    for check in CHECKS:
        found += check(deployment)
    return [str(fault) for fault in found]


@cache
def _faults_within(template: Template) -> tuple[Fault, ...]:
    """Copies differ in one file; the others need not be judged again."""
    return (*bicep.name_faults(template), *property_faults(template))


def _at(name: str, text: str) -> Fault:
    return Fault(Path(name), 1, text)


def roles_are_the_published_ones(deployment: Deployment) -> Iterator[Fault]:
    """Ids stand in one file, are right, and are used by a name that the file has."""
    given = deployment.json("infra/roles.json")
    for name, value in given.items():
        if ROLES.get(name) != value:
            yield _at("infra/roles.json", f"role {name!r} is not {value}")
    for template in deployment.templates.values():
        for node in bicep.descend(template.root, "string"):
            if GUID.search(str(literal(node))):
                yield template.fault(node, "an id belongs into roles.json or a parameter")
        for node in bicep.descend(template.root, "member_expression"):
            base, _, name = bicep.text_of(node).partition(".")
            if base == "roles" and name not in given:
                yield template.fault(node, f"there is no role {name!r}")


def required_values_are_there(deployment: Deployment) -> Iterator[Fault]:
    """No shared keys, no local accounts, TLS, and sign-in before every route but one."""
    for kind, wanted in REQUIRED.items():
        found = list(deployment.resources(kind))
        if not found:
            yield _at("infra", f"nothing makes a {kind}")
        for template, resource in found:
            yield from _missing(template, resource, wanted)
    yield from _missing(*deployment.config("authsettingsV2"), SIGN_IN)
    allowed = deployment.main.declared("param")["unauthenticatedAction"]
    if "AllowAnonymous" in bicep.text_of(allowed):
        yield deployment.main.fault(allowed, "a caller without a sign-in must be turned away")


def _missing(
    template: Template, resource: Declared, wanted: Mapping[str, object]
) -> Iterator[Fault]:
    for path, value in wanted.items():
        if literal(value_at(resource.body, path)) != value:
            yield template.fault(resource.body, f"{resource.type}: {path} must be {value!r}")


def storage_has_what_the_code_names(deployment: Deployment) -> Iterator[Fault]:
    """Every queue, with its poison queue, and every table; and none that the code does not know."""
    expected = {"queues": _with_poison(deployment.code.queues), "tables": deployment.code.tables}
    for kind, names in expected.items():
        node = deployment.variable(kind)
        made = literal(node)
        made = set(map(str, made)) if isinstance(made, list) else set()
        for name in sorted(names - made):
            yield deployment.main.fault(node, f"{kind} lack {name!r}")
        for name in sorted(made - names):
            yield deployment.main.fault(node, f"{kind}: the code knows no {name!r}")


def _with_poison(queues: frozenset[str]) -> frozenset[str]:
    work = {name.removesuffix("-poison") for name in queues}
    return frozenset(work | {f"{name}-poison" for name in work})


def settings_are_those_of_the_code(deployment: Deployment) -> Iterator[Fault]:
    """Every setting of the app, every connection of a trigger, what host.json refers to."""
    template, resource = deployment.config("appsettings")
    given, code = set(deployment.settings), deployment.code
    wanted = code.settings - code.not_on_azure
    for connection in code.connections:
        wanted |= {f"{connection}__{p}" for p in ("queueServiceUri", "credential", "clientId")}
    host = (deployment.folder / "host.json").read_text()
    wanted |= set(re.findall(r"%(\w+)%", host))
    for name in sorted(wanted - given):
        yield template.fault(resource.body, f"app setting {name!r} is missing")
    for name in sorted(given):
        if name.startswith("ROLLOUT_") and name not in wanted:
            yield template.fault(resource.body, f"the app reads no setting {name!r}")
        if NOT_ON_FLEX.fullmatch(name):
            yield template.fault(resource.body, f"{name} has no place on Flex Consumption")
    if deployment.json("host.json")["extensions"]["durableTask"]["hubName"] != "%TASKHUB_NAME%":
        yield _at("host.json", "the hub's name must come from TASKHUB_NAME")


def sample_settings_are_complete(deployment: Deployment) -> Iterator[Fault]:
    """A laptop gets the same settings, connections and hub from the sample file."""
    sample = set(deployment.json("local.settings.sample.json")["Values"])
    wanted = deployment.code.settings | deployment.code.connections
    wanted |= {"AzureWebJobsStorage", "TASKHUB_NAME"}
    for name in sorted(wanted - sample):
        yield _at("local.settings.sample.json", f"{name!r} is missing")


def parameters_exist(deployment: Deployment) -> Iterator[Fault]:
    """The parameter file names parameters, and every one that has no default."""
    name = "infra/main.parameters.json"
    given = set(deployment.json(name)["parameters"])
    for parameter in sorted(given - set(deployment.main.declared("param"))):
        yield _at(name, f"there is no parameter {parameter!r}")
    for parameter in sorted(deployment.main.required - given):
        yield _at(name, f"{parameter!r} is missing")


def service_is_found_by_its_tag(deployment: Deployment) -> Iterator[Fault]:
    """azd looks for the app by a tag with the name of the service."""
    services = yaml.safe_load((deployment.folder / "azure.yaml").read_text())["services"]
    for template, resource in deployment.resources("Microsoft.Web/sites"):
        tags = bicep.text_of(value_at(resource.body, "tags") or resource.body)
        for service in services:
            if f"'azd-service-name': '{service}'" not in tags:
                yield template.fault(resource.body, f"no tag leads azd to service {service!r}")


def processes_share_the_quota(deployment: Deployment) -> Iterator[Fault]:
    """However many instances run, Graph sees one pace, and none is made that could not work."""
    for name, value in {
        "ROLLOUT_GOVERNOR": "shared",
        "FUNCTIONS_WORKER_PROCESS_COUNT": "1",
    }.items():
        if literal(deployment.settings.get(name)) != value:
            yield _at("infra/app/function-app.bicep", f"{name} must be {value!r}")
    durable = deployment.json("host.json")["extensions"]["durableTask"]
    threads = literal(deployment.settings.get("PYTHON_THREADPOOL_THREAD_COUNT"))
    if threads != str(durable["maxConcurrentOrchestratorFunctions"]):
        yield _at("host.json", "orchestrators that no thread takes wait where none else gets them")
    parameters = deployment.main.declared("param")
    instances, share = (
        float(str(literal(bicep.default_of(parameters[name]))))
        for name in ("maximumInstanceCount", "graphShare")
    )
    if instances > durable["storageProvider"]["partitionCount"]:
        node = parameters["maximumInstanceCount"]
        yield deployment.main.fault(node, "more instances than partitions run no orchestrations")
    if share > 0.8:
        yield deployment.main.fault(parameters["graphShare"], "leave a fifth to everybody else")


def queries_ask_for_what_the_code_tells(deployment: Deployment) -> Iterator[Fault]:
    """A renamed metric or action must not silence an alert or empty a chart."""
    template = deployment.templates[Path("infra/app/alerts.bicep")]
    for node in bicep.descend(template.root, "object"):
        query = value_at(node, "query")
        text = literal(query) if query is not None else None
        if query is not None and isinstance(text, str):
            for fault in query_faults(text, deployment.code.told):
                yield template.fault(query, fault)
    book = deployment.json("infra/workbook.json")
    shape = list(workbook_faults(book))
    yield from (_at("infra/workbook.json", fault) for fault in shape)
    for name, text in workbook_queries(book) if not shape else ():
        for fault in query_faults(text, deployment.code.told):
            yield _at("infra/workbook.json", f"{name}: {fault}")


def telemetry_is_ours_alone(deployment: Deployment) -> Iterator[Fault]:
    """The worker sends what the app tells, all of it, and no library's addresses."""
    node = deployment.variable_of("infra/app/function-app.bicep", "uninstrumented")
    off = set(str(literal(node)).split(","))
    for library in sorted(INSTRUMENTED - off):
        yield _at("infra/app/function-app.bicep", f"{library} would be instrumented")
    for name, value in TELEMETRY.items():
        if literal(deployment.settings.get(name)) != value:
            yield _at("infra/app/function-app.bicep", f"{name} must be {value!r}")
    host = deployment.json("host.json")
    if host.get("telemetryMode") != "OpenTelemetry":
        yield _at("host.json", "telemetryMode must be 'OpenTelemetry'")
    if host["extensions"]["durableTask"]["tracing"]["traceInputsAndOutputs"] is not False:
        yield _at("host.json", "durable inputs do not belong into traces")


def runtime_is_the_one_that_is_tested(deployment: Deployment) -> Iterator[Fault]:
    """The default Python version is the lowest that the project asks for, which tests run on."""
    project = tomllib.loads((deployment.folder / "pyproject.toml").read_text())["project"]
    node = deployment.main.declared("param")["pythonVersion"]
    if f">={literal(bicep.default_of(node))}" != project["requires-python"]:
        yield deployment.main.fault(node, "the tests run on another Python version")


CHECKS: tuple[Check, ...] = (
    roles_are_the_published_ones,
    required_values_are_there,
    storage_has_what_the_code_names,
    settings_are_those_of_the_code,
    sample_settings_are_complete,
    parameters_exist,
    service_is_found_by_its_tag,
    processes_share_the_quota,
    queries_ask_for_what_the_code_tells,
    telemetry_is_ours_alone,
    runtime_is_the_one_that_is_tested,
)
