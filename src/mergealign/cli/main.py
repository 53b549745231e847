"""The `mergealign` command."""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import sys
from importlib import import_module
from typing import Annotated, NoReturn

import typer

from ..errors import MergeAlignError

__all__ = ["console_script", "make_app", "run"]

COMMANDS = {  # in the order of --help; by the file of this room that holds the function, or the `app` of a group
    "merge": "merge",
    "align": "align",
    "check": "check",
    "diff": "diff",
    "methods": "methods",
    "verify": "verify",
    "show": "verify",
    "evaluate": "evaluate",
    "compare": "compare",
    "demo": "demo",
    "push": "push",
    "tasks": "tasks",
    "judges": "judges",
    "recipe": "recipe",
    "lab": "lab",
}


def make_app(asked: str | None = None) -> typer.Typer:
    """The command line; of a command that is `asked` for nothing but that, as reading all options takes 50 ms."""
    app = typer.Typer(
        name="mergealign",
        help="Make a domain-expert language model safe again without training, and show the evidence.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(main)
    for name in [asked] if asked in COMMANDS else COMMANDS:
        module = import_module(f".{COMMANDS[name]}", __package__)
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command()(getattr(module, name))
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"mergealign {version('mergealign')}")
        raise typer.Exit


def main(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """merged = base + λ_d · (domain − base) + λ_a · (aligned − base)"""


def console_script() -> NoReturn:
    """The process `mergealign`: `run`, then out without taking the interpreter apart.

    Three things make a short command a quarter shorter: start-up makes many objects that live to the end, so the
    garbage collector is told to look less often; freeing them one by one is left to the system; and the threads that
    numpy starts for products of matrices sleep while there are none, instead of spinning for 30 ms on every other core.
    """
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")  # read when numpy is imported
    gc.set_threshold(200_000, 20, 100)
    code: str | int | None = 0
    try:
        run()
    except SystemExit as e:
        code = e.code
    if isinstance(code, str):
        print(code, file=sys.stderr)
        code = 1
    atexit._run_exitfuncs()
    with contextlib.suppress(OSError, ValueError):  # whoever read our output is gone
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code or 0)


def run() -> None:
    """The command in this process. A mistake of the user is a few lines on stderr and exit code 2, no traceback."""
    if os.name != "posix":
        print("error: mergealign needs Linux or macOS; on Windows it runs in WSL", file=sys.stderr)
        sys.exit(2)
    from ._signals import Stopped, stoppable

    try:
        with stoppable():
            make_app(sys.argv[1] if len(sys.argv) > 1 else None)()
    except MergeAlignError as e:
        for problem in e.problems:
            print(f"error: {problem}", file=sys.stderr)
        sys.exit(e.exit_code)
    except Stopped as e:
        print(f"stopped by {e}; unfinished output was removed", file=sys.stderr)
        sys.exit(e.exit_code)
