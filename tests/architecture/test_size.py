"""Modules and functions stay small enough to be read in one go."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

MODULE_LINES = 400
FUNCTION_LINES = 40
# "path:function" -> why this one may be longer. Keep it short: splitting is nearly always better.
LONGER_FOR_A_REASON: dict[str, str] = {}


def functions_of(module: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def lines_without_docstring(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Explaining a function at length must not count against it."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function, clean=False) is None:
        return lines
    docstring = function.body[0]
    return lines - ((docstring.end_lineno or docstring.lineno) - docstring.lineno + 1)


def test_no_module_is_longer_than_its_budget(
    modules: Mapping[Path, ast.Module], repository: Path
) -> None:
    lengths = {path: len((repository / path).read_text().splitlines()) for path in modules}

    too_long = {str(path): lines for path, lines in lengths.items() if lines > MODULE_LINES}

    assert not too_long


def test_no_function_is_longer_than_its_budget(modules: Mapping[Path, ast.Module]) -> None:
    too_long = {
        f"{path}:{function.name}": lines_without_docstring(function)
        for path, module in modules.items()
        if path.parts[0] != "tests"
        for function in functions_of(module)
        if lines_without_docstring(function) > FUNCTION_LINES
    }

    assert set(too_long) == set(LONGER_FOR_A_REASON), too_long


def test_every_module_says_what_it_is_for(modules: Mapping[Path, ast.Module]) -> None:
    silent = [
        str(path)
        for path, module in modules.items()
        if module.body and not ast.get_docstring(module)
    ]

    assert not silent
