"""Lists what a host serves: for people at its start, as JSON afterwards (localhost)."""

from collections.abc import Mapping, Sequence
from typing import Any

from teams_rollout.localhost.app import FunctionSpec, TriggerKind

Listed = Mapping[str, Any]
"""One function in the shape of Azure's `/admin/functions`."""


def list_functions(specs: Sequence[FunctionSpec], *, addresses: Mapping[str, str]) -> list[Listed]:
    """Describe every function; HTTP functions come first.

    Args:
        addresses: of the HTTP functions, by name.
    """
    return [
        {
            "name": spec.name,
            "invoke_url_template": addresses.get(spec.name),
            "language": "python",
            "isDisabled": False,
            "config": {"bindings": [spec.trigger, *spec.inputs, *spec.outputs]},
        }
        for spec in sorted(specs, key=lambda spec: spec.kind != TriggerKind.HTTP)
    ]


def table(functions: Sequence[Listed], *, left_out: Sequence[str]) -> list[str]:
    """Return the lines that people see when the host has started."""
    width = max((len(one["name"]) for one in functions), default=0)
    lines = [f"  {one['name']:<{width}}  {_what(one)}" for one in functions]
    return ["functions:", *lines, *(f"  left out: {reason}" for reason in left_out)]


def _what(function: Listed) -> str:
    trigger = function["config"]["bindings"][0]
    if trigger["type"] == TriggerKind.HTTP:
        methods = ",".join(sorted(trigger.get("methods") or ())) or "any method"
        level = str(trigger.get("authLevel") or "FUNCTION").lower()
        return f"[{methods}] {function['invoke_url_template']} ({level})"
    detail = trigger.get("queueName") or trigger.get("schedule") or ""
    return f"{trigger['type']} {detail}".rstrip()
