"""The properties that Azure knows for each type of resource, from the azure-mgmt packages' models.

The packages carry every name of the REST interface, in two styles: older ones keep a map of dotted
paths, newer ones typed fields. Both become one `Shape` here.
"""

import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

from tests.infra.bicep import COMPUTED, Declared, Fault, Node, Template, literal, properties

# Type -> package below azure.mgmt, model. A type that is not here is a fault: nobody checks it.
MODELS: dict[str, tuple[str, str]] = {
    "Microsoft.Authorization/roleAssignments": (
        "authorization.v2022_04_01",
        "RoleAssignmentCreateParameters",
    ),
    "Microsoft.Automation/automationAccounts": (
        "automation",
        "AutomationAccountCreateOrUpdateParameters",
    ),
    "Microsoft.Automation/automationAccounts/runbooks": (
        "automation",
        "RunbookCreateOrUpdateParameters",
    ),
    "Microsoft.Consumption/budgets": ("consumption", "Budget"),
    "Microsoft.DurableTask/schedulers": ("durabletask", "Scheduler"),
    "Microsoft.DurableTask/schedulers/taskHubs": ("durabletask", "TaskHub"),
    "Microsoft.Insights/actionGroups": ("monitor", "ActionGroupResource"),
    "Microsoft.Insights/activityLogAlerts": ("monitor", "ActivityLogAlertResource"),
    "Microsoft.Insights/components": ("applicationinsights", "ApplicationInsightsComponent"),
    "Microsoft.Insights/workbooks": ("applicationinsights.v2023_06_01", "Workbook"),
    "Microsoft.Insights/scheduledQueryRules": ("monitor", "ScheduledQueryRuleResource"),
    "Microsoft.KeyVault/vaults": ("keyvault", "VaultCreateOrUpdateParameters"),
    "Microsoft.ManagedIdentity/userAssignedIdentities": ("msi", "Identity"),
    "Microsoft.Network/privateDnsZones": ("privatedns", "PrivateZone"),
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": ("privatedns", "VirtualNetworkLink"),
    "Microsoft.Network/privateEndpoints": ("network", "PrivateEndpoint"),
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": ("network", "PrivateDnsZoneGroup"),
    "Microsoft.Network/virtualNetworks": ("network", "VirtualNetwork"),
    "Microsoft.OperationalInsights/workspaces": ("loganalytics", "Workspace"),
    "Microsoft.Resources/resourceGroups": ("resource.resources", "ResourceGroup"),
    "Microsoft.Storage/storageAccounts": ("storage", "StorageAccountCreateParameters"),
    "Microsoft.Storage/storageAccounts/blobServices": ("storage", "BlobServiceProperties"),
    "Microsoft.Storage/storageAccounts/blobServices/containers": ("storage", "BlobContainer"),
    "Microsoft.Storage/storageAccounts/queueServices": ("storage", "QueueServiceProperties"),
    "Microsoft.Storage/storageAccounts/queueServices/queues": ("storage", "StorageQueue"),
    "Microsoft.Storage/storageAccounts/tableServices": ("storage", "TableServiceProperties"),
    "Microsoft.Storage/storageAccounts/tableServices/tables": ("storage", "Table"),
    "Microsoft.Web/serverfarms": ("web", "AppServicePlan"),
    "Microsoft.Web/sites": ("web", "Site"),
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": (
        "web",
        "CsmPublishingCredentialsPoliciesEntity",
    ),
    "Microsoft.Web/sites/config:appsettings": ("web", "StringDictionary"),
    "Microsoft.Web/sites/config:authsettingsV2": ("web", "SiteAuthSettingsV2"),
}
WRITTEN_FOR_BICEP = {"name", "parent", "scope", "dependsOn"}
SCALARS: dict[type, re.Pattern[str]] = {
    str: re.compile(r"\bstr\b|duration|iso-8601|datetime"),
    bool: re.compile(r"\bbool\b"),
    int: re.compile(r"\b(int|float|long|Decimal)\b"),
}


@dataclass(frozen=True)
class Shape:
    """What may stand in one place: known properties, a mapping of any keys, or one value.

    Attributes:
        fields: shapes by property name; None where any key may stand.
        values: the texts that an enumeration allows.
        spelled: the model's own words for the type, to tell texts, numbers and truths apart.
    """

    package: str = ""
    model: Any = None
    spelled: str = ""
    fixed: Mapping[str, "Shape"] | None = None

    @property
    def values(self) -> set[str]:
        is_choice = isinstance(self.model, type) and issubclass(self.model, Enum)
        return {str(member.value) for member in self.model} if is_choice else set()

    @property
    def fields(self) -> Mapping[str, "Shape"] | None:
        if self.fixed is not None:
            return self.fixed
        if self.model is None or self.values or self.is_mapping:
            return None
        return _fields(self.package, self.model)

    @property
    def is_mapping(self) -> bool:
        return "dict[" in self.spelled or self.spelled.startswith("{")

    def takes(self, value: object) -> bool:
        """Whether a scalar is of the right kind; texts of an enumeration must be in it."""
        if self.values:
            return value in self.values
        if self.model is not None or not isinstance(value, (str, bool, int)) or not self.spelled:
            return True
        kinds = {kind for kind, pattern in SCALARS.items() if pattern.search(self.spelled)}
        return not kinds or type(value) in kinds


@cache
def _models(package: str) -> Any:
    return importlib.import_module(f"azure.mgmt.{package}.models")


def shape_of(kind: str) -> Shape | None:
    """The shape of a type of resource."""
    if kind not in MODELS:
        return None
    package, model = MODELS[kind]
    return Shape(package, getattr(_models(package), model), spelled=model)


@cache
def _fields(package: str, model: Any) -> Mapping[str, Shape]:
    flat = getattr(model, "_attribute_map", None)
    if flat:
        return _nested(package, {entry["key"]: entry["type"] for entry in flat.values()})
    return dict(_typed(package, model))


def _typed(package: str, model: Any) -> Iterator[tuple[str, Shape]]:
    for base in model.__mro__:
        for name, annotation in getattr(base, "__annotations__", {}).items():
            field = base.__dict__.get(name)
            if hasattr(field, "_rest_name_input"):
                yield field._rest_name_input or name, _shape(package, str(annotation))


def _shape(package: str, spelled: str) -> Shape:
    found = re.search(r"_models\.(\w+)", spelled)
    model = getattr(_models(package), found[1]) if found else None
    return Shape(package, model, spelled=spelled)


def _nested(package: str, flat: Mapping[str, str]) -> Mapping[str, Shape]:
    """`{"properties.severity": "int"}` as shapes within shapes."""
    tops = {key.partition(".")[0] for key in flat}
    return {
        top: _named(package, flat[top])
        if top in flat
        else Shape(package, fixed=_nested(package, _below(flat, top)))
        for top in tops
    }


def _below(flat: Mapping[str, str], top: str) -> dict[str, str]:
    return {k.partition(".")[2]: v for k, v in flat.items() if k.startswith(f"{top}.")}


def _named(package: str, spelled: str) -> Shape:
    model = getattr(_models(package), spelled.strip("[]{}"), None)
    return Shape(package, model, spelled=spelled)


def property_faults(template: Template) -> Iterator[Fault]:
    """Properties that Azure does not know, values that it does not allow, types nobody checks."""
    for resource in template.resources():
        if resource.type.startswith("Microsoft.Graph/"):
            continue  # the extension's own types; the permission table is compared instead
        shape = shape_of(_kind(resource))
        if shape is None or shape.fields is None:
            yield template.fault(resource.body, f"no model for type {_kind(resource)!r}")
            continue
        for key, node, value in properties(resource.body):
            if key in WRITTEN_FOR_BICEP:
                continue
            if key not in shape.fields:
                yield template.fault(node, f"{resource.type} has no property {key!r}")
            elif not resource.is_existing:
                yield from _value_faults(template, value, shape.fields[key], key)


def _kind(resource: Declared) -> str:
    if resource.type != "Microsoft.Web/sites/config":
        return resource.type
    names = {key: value for key, _, value in properties(resource.body)}
    return f"{resource.type}:{literal(names.get('name'))}"


def _value_faults(template: Template, node: Node, shape: Shape, key: str) -> Iterator[Fault]:
    if node.type == "object":
        yield from _object_faults(template, node, shape)
    elif node.type in ("array", "for_statement", "ternary_expression", "call_expression"):
        for child in _results(node):
            yield from _value_faults(template, child, shape, key)
    else:
        value = literal(node)
        if value is not COMPUTED and not shape.takes(value):
            yield template.fault(node, f"{key!r} may not be {value!r}")


def _results(node: Node) -> list[Node]:
    """The parts of an expression that become its value."""
    if node.type == "ternary_expression":
        return node.named_children[1:]
    if node.type == "for_statement":
        return node.named_children[-1:]
    if node.type == "call_expression":
        is_union = node.named_children[0].text == b"union"
        return node.named_children[1].named_children if is_union else []
    return node.named_children


def _object_faults(template: Template, node: Node, shape: Shape) -> Iterator[Fault]:
    fields = shape.fields
    for key, key_node, value in properties(node):
        if shape.is_mapping or fields is None:
            inner = Shape(
                shape.package, shape.model, spelled=shape.spelled.replace("dict[str,", "")
            )
            yield from _value_faults(template, value, inner, key)
        elif key not in fields:
            yield template.fault(key_node, f"Azure knows no property {key!r} here")
        else:
            yield from _value_faults(template, value, fields[key], key)
