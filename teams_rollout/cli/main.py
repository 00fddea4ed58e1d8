"""Entry of the `rollout` command: options of every command, and the edge that catches errors."""

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import Abort, TyperException

from teams_rollout.cli.catalogue import LazyGroup
from teams_rollout.cli.errors import (
    EXIT_ERROR,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_USAGE,
    CliError,
)
from teams_rollout.cli.session import Output, Session

VALUED = frozenset({"--api", "--output", "-o", "--as"})
FLAGS = frozenset({"--debug", "--exit-code"})

app = typer.Typer(
    name="rollout",
    cls=LazyGroup,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Move an organisation to Microsoft Teams, wave by wave.",
    epilog="The options above may stand anywhere on the line.",
)


@app.callback()
def options(
    ctx: typer.Context,
    *,
    api: Annotated[
        str | None,
        typer.Option(help="Address of the API (default: ROLLOUT_API, else this folder's lab)."),
    ] = None,
    output: Annotated[
        Output, typer.Option("--output", "-o", help="Form of the answer.")
    ] = Output.TABLE,
    identity: Annotated[
        str | None,
        typer.Option("--as", envvar="ROLLOUT_USER", help="Act as this person (loopback only)."),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    exit_code: Annotated[
        bool,
        typer.Option(
            "--exit-code", help="Exit with 2 if changes are pending or somebody must act."
        ),
    ] = False,
) -> None:
    """Keep what holds for every command."""
    ctx.obj = Session(
        api=api, output=output, identity=identity, debug=debug, attention_code=exit_code
    )


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line.

    Returns:
        0 ok, 1 error, 2 attention needed (only with --exit-code), 64 usage, 130 interrupted.
    """
    line = hoisted(arguments)
    try:
        code = typer.main.get_command(app).main(line, "rollout", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else EXIT_OK
    except CliError as error:
        _complain(error.message, debug="--debug" in line)
        return error.exit_code
    except TyperException as error:
        return _usage(error)
    except (Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        return _reader_left()
    except Exception as error:
        _complain(_unforeseen(error), debug="--debug" in line)
        return EXIT_ERROR


def _unforeseen(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return (
            f"{error.filename} cannot be used: {error.strerror}. Check that its folder is there "
            "and that you may write to it, or run the command in another one."
        )
    return f"{type(error).__name__}: {error} (--debug shows where)."


def hoisted(arguments: Sequence[str]) -> list[str]:
    """The line with the options of every command in front, where Typer looks for them."""
    front: list[str] = []
    rest: list[str] = []
    left = list(arguments)
    while left:
        word = left.pop(0)
        if word == "--":
            rest += [word, *left]
            break
        if word in FLAGS or (word.partition("=")[0] in VALUED and "=" in word):
            front.append(word)
        elif word in VALUED:
            front += [word, *left[:1]]
            left = left[1:]
        else:
            rest.append(word)
    return front + rest


def _usage(error: TyperException) -> int:
    show = getattr(error, "show", None)
    if show is None:
        _complain(str(error))
    else:
        show()
    return EXIT_USAGE


def _complain(text: str, *, debug: bool = False) -> None:
    if debug:
        traceback.print_exc()
    sys.stderr.write(f"Error: {text}\n")


def _reader_left() -> int:
    """Whoever read our output has gone (`| head`): what is still to be written goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return EXIT_OK


if __name__ == "__main__":
    main()
