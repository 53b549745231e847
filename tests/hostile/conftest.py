"""The command line in this process, as in tests/cli."""

from ..cli.conftest import cli

__all__ = ["cli"]
