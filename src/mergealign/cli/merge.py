"""`mergealign merge`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UsageError
from ._quantities import parameters, size

if TYPE_CHECKING:
    from ..merge.plan import MergePlan
    from ..recipe.merge import MergeRecipe

__all__ = ["merge"]

_MODELS = "Models"
_METHOD = "Method"
_OUTPUT = "Output"


def merge(
    recipe: Annotated[Path | None, typer.Argument(help="A recipe file (YAML) instead of the options below.")] = None,
    base: Annotated[
        str | None, typer.Option(help="Base checkpoint: folder, or org/name[@revision].", rich_help_panel=_MODELS)
    ] = None,
    domain: Annotated[str | None, typer.Option(help="Domain expert, likewise.", rich_help_panel=_MODELS)] = None,
    aligned: Annotated[str | None, typer.Option(help="Aligned model, likewise.", rich_help_panel=_MODELS)] = None,
    out: Annotated[Path | None, typer.Option(help="The folder to write.", rich_help_panel=_OUTPUT)] = None,
    domain_weight: Annotated[
        float | None,
        typer.Option(help="λ_d: how much of domain − base to add (default: 1.0).", rich_help_panel=_METHOD),
    ] = None,
    alignment_weight: Annotated[
        float | None,
        typer.Option(help="λ_a: how much of aligned − base to add (default: 1.0).", rich_help_panel=_METHOD),
    ] = None,
    method: Annotated[
        str | None, typer.Option(help="Merge method (default: mergealign).", rich_help_panel=_METHOD)
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="A parameter of the method; repeatable.", rich_help_panel=_METHOD
        ),
    ] = None,
    dtype: Annotated[
        str | None,
        typer.Option(
            metavar="bfloat16|float16|float32",
            help="Of all float tensors written (default: per tensor the base's).",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    tokenizer_from: Annotated[
        str | None,
        typer.Option(
            metavar="aligned|domain|base", help="Whose tokenizer (default: aligned).", rich_help_panel=_OUTPUT
        ),
    ] = None,
    chat_template_from: Annotated[
        str | None,
        typer.Option(
            metavar="aligned|domain|base|none",
            help="Whose chat template, stop tokens and generation_config.json (default: aligned).",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    max_shard_size: Annotated[
        str | None, typer.Option(help="Bytes per file, for example 500MB (default: 5GB).", rich_help_panel=_OUTPUT)
    ] = None,
    copy_code: Annotated[
        bool, typer.Option("--copy-code", help="Also copy the base's *.py files.", rich_help_panel=_OUTPUT)
    ] = False,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads (default: one per core).")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything, print the plan, write nothing.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace --out; the old one stays until the new one is complete.")
    ] = False,
    allow_unrelated: Annotated[
        bool, typer.Option("--allow-unrelated", help="Merge models that do not seem to come from one base.")
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print the record (or the plan) as JSON.")] = False,
) -> None:
    """Merge a domain expert and an aligned model over their common base.

    merged = base + λ_d · (domain − base) + λ_a · (aligned − base)

    Example: mergealign merge --base llama --domain medllama --aligned llama-instruct --out safe-medllama
    """
    options = {
        "models": {"base": base, "domain": domain, "aligned": aligned},
        "method": method,
        "parameters": _parameters(set_ or [], domain_weight=domain_weight, alignment_weight=alignment_weight),
        "dtype": dtype,
        "tokenizer_from": tokenizer_from,
        "chat_template_from": chat_template_from,
        "max_shard_size": max_shard_size,
        "copy_code": copy_code or None,
    }
    if out is None and not dry_run:
        raise UsageError("no output folder", cure="add --out FOLDER, or --dry-run to see the plan")
    from ..merge.plan import make_plan
    from ._progress import announce_compiling

    started = time.perf_counter()
    announce_compiling()
    plan = make_plan(_recipe(recipe, options), allow_unrelated=allow_unrelated)
    _run(plan, out, threads, started, dry_run=dry_run, overwrite=overwrite, as_json=json_)


def _parameters(settings: list[str], **named: float | None) -> dict[str, Any]:
    from ..recipe.strict import parse_scalar

    parameters: dict[str, Any] = {k: v for k, v in named.items() if v is not None}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key:
            raise UsageError(f"--set {setting} is not key=value", cure="for example --set domain_weight=0.9")
        if key in parameters:
            raise UsageError(f"'{key}' is given twice", cure="give it once")
        parameters[key] = parse_scalar(value)
    return parameters


def _recipe(file: Path | None, options: dict[str, Any]) -> MergeRecipe:
    from ..recipe.merge import MergeRecipe, read_recipe
    from ..recipe.strict import validate

    models = options["models"]
    given = {k: v for k, v in options.items() if v not in (None, {}) and k != "models"}
    given_models = [role for role, path in models.items() if path is not None]
    if file is not None:
        if given or given_models:
            names = ", ".join([*given_models, *given])
            raise UsageError(f"a recipe and options for the same ({names})", cure="write them into the recipe")
        return read_recipe(file)
    if missing := [f"--{role}" for role, path in models.items() if path is None]:
        raise UsageError(f"missing {', '.join(missing)}", cure="name the three models, or give a recipe file")
    return validate({**given, "models": models}, MergeRecipe, "options")


def _run(
    plan: MergePlan,
    out: Path | None,
    threads: int | None,
    started: float,
    *,
    dry_run: bool,
    overwrite: bool,
    as_json: bool,
) -> None:
    import json

    from ..checkpoint.output import check_output
    from ..merge.run import run_plan
    from ._progress import bytes_progress

    if out is not None:
        check_output(out, (m.folder for m in plan.models.values()), overwrite=overwrite)
    if dry_run:
        typer.echo(json.dumps(plan.describe(), indent=2) if as_json else _plan_text(plan))
        return
    assert out is not None
    for note in plan.notes:
        typer.echo(f"note: {note}", err=True)
    with bytes_progress("merging", plan.bytes_read + plan.bytes_written) as progress:
        record = run_plan(plan, out, threads=threads, overwrite=overwrite, progress=progress, started=started)
    if as_json:
        typer.echo(record.model_dump_json(indent=1))
        return
    typer.echo(
        f"merged {parameters(record.n_parameters)} in {record.wall_s:.1f} s "
        f"({record.throughput_bytes_per_s / 1e9:.1f} GB/s) → {out}\n"
        f"weights digest {record.output.weights_digest}"
    )


def _plan_text(plan: MergePlan) -> str:
    facts = plan.describe()
    recipe = plan.recipe
    lines = [
        *(f"{role:8} {plan.models[role].folder}" for role in plan.models),
        f"method   {recipe.method} {recipe.parameters}",
        f"tensors  {facts['tensors']}, {parameters(facts['parameters'])}",
        f"copies   {facts['byte_copies']} tensors byte for byte",
        f"dtypes   {', '.join(f'{n} × {dtype}' for dtype, n in facts['dtypes'].items())}",
        f"bytes    {size(facts['bytes_read'])} to read, {size(facts['bytes_written'])} to write",
        f"words    tokenizer of {recipe.tokenizer_from}, chat template of {recipe.chat_template_from}",
        *(f"note     {note}" for note in plan.notes),
    ]
    return "\n".join(lines)
