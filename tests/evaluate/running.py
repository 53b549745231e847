"""The command in this process, and records without what differs from run to run."""

from __future__ import annotations

import typer
from typer.testing import CliRunner, Result

from mergealign.cli.evaluate import evaluate as command
from mergealign.record.evaluation import EvalRecord


def run(*arguments: object) -> Result:
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [str(a) for a in arguments])


def unclocked(record: EvalRecord) -> EvalRecord:
    """Without seconds."""
    models = [
        m.model_copy(update={"wall_s": 0, "tasks": tuple(t.model_copy(update={"wall_s": 0}) for t in m.tasks)})
        for m in record.models
    ]
    return record.model_copy(update={"wall_s": 0, "models": tuple(models)})
