"""Compares a function's parameters with its bindings, as the Functions worker does (localhost).

The worker refuses to index a function whose signature and bindings differ, so this host must too:
what starts here starts on Azure.
"""

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from azure.functions.meta import get_binding_registry

Binding = Mapping[str, Any]


class ParameterError(Exception):
    """Signature and bindings differ; the message is a clause for a person."""


def check_parameters(func: Callable[..., Any], bindings: Sequence[Binding]) -> frozenset[str]:
    """Return the parameters that take text as it came instead of an object of the SDK.

    Raises:
        ParameterError: a parameter without binding, a binding without parameter, or an annotation
            that does not fit its binding.
    """
    bound = {one["name"]: one for one in bindings if one["name"] != "$return"}
    declared = set(inspect.signature(func).parameters)
    if "context" not in bound:
        declared.discard("context")
    for missing in sorted(bound.keys() - declared):
        raise ParameterError(f"it has no parameter {missing}, which a binding names")
    for unbound in sorted(declared - bound.keys()):
        raise ParameterError(f"its parameter {unbound} belongs to no binding")
    hints = _hints(func)
    for returned in (one for one in bindings if one["name"] == "$return" and "return" in hints):
        _check_return(returned, hints["return"])
    return frozenset(
        name for name, one in bound.items() if name in hints and _is_plain(one, hints[name])
    )


def _hints(func: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(func)
    except Exception as error:
        raise ParameterError(f"its annotations cannot be resolved ({error})") from error


def _check_return(binding: Binding, hint: Any) -> None:
    converter = get_binding_registry().get(binding["type"])  # type: ignore[no-untyped-call]  # theirs
    if not isinstance(hint, type):
        raise ParameterError(f"it is annotated to return {hint}, which is no type")
    if not converter.check_output_type_annotation(hint):
        raise ParameterError(
            f"it is annotated to return {hint.__name__}, which does not fit its {binding['type']} "
            "output"
        )


def _is_plain(binding: Binding, hint: Any) -> bool:
    is_out = getattr(typing.get_origin(hint) or hint, "__name__", "") == "Out"
    if is_out != (binding["direction"] == "OUT"):
        raise ParameterError(
            f"its parameter {binding['name']} is an {binding['direction'].lower()}put, but not "
            "annotated as one"
        )
    converter = get_binding_registry().get(binding["type"])  # type: ignore[no-untyped-call]  # theirs
    if is_out or converter.has_implicit_output():
        return False
    if hint in (str, bytes):
        return True
    if isinstance(hint, type) and not converter.check_input_type_annotation(hint):
        raise ParameterError(
            f"its parameter {binding['name']} is annotated {hint.__name__}, which does not fit a "
            f"{binding['type']}"
        )
    return False
