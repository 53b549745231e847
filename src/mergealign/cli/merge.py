"""`mergealign merge`."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UsageError
from ._quantities import parameters

if TYPE_CHECKING:
    from ..merge.plan import MergePlan
    from ..recipe.merge import MergeRecipe
    from ..recipe.mergekit import MergekitRecipe

__all__ = ["merge"]

_MODELS = "Models"
_METHOD = "Method"
_OUTPUT = "Output"


def merge(
    recipe: Annotated[
        Path | None, typer.Argument(help="A recipe file (YAML, also mergekit's) instead of the options below.")
    ] = None,
    base: Annotated[
        str | None, typer.Option(help="Base checkpoint: folder, or org/name[@revision].", rich_help_panel=_MODELS)
    ] = None,
    domain: Annotated[str | None, typer.Option(help="Domain expert, likewise.", rich_help_panel=_MODELS)] = None,
    aligned: Annotated[str | None, typer.Option(help="Aligned model, likewise.", rich_help_panel=_MODELS)] = None,
    unaligned: Annotated[
        str | None,
        typer.Option(
            help="The aligned model's sibling without alignment, where a method asks.", rich_help_panel=_MODELS
        ),
    ] = None,
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
        str | None,
        typer.Option(help="Merge method (default: mergealign; see mergealign methods).", rich_help_panel=_METHOD),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A parameter of the method, or of one input (domain.weight=0.5); repeatable.",
            rich_help_panel=_METHOD,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Of methods that draw random numbers (default: drawn).", rich_help_panel=_METHOD),
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
        "models": {"base": base, "domain": domain, "aligned": aligned, "unaligned": unaligned},
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
    plan = make_plan(_recipe(recipe, options, seed), allow_unrelated=allow_unrelated)
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


def _recipe(file: Path | None, options: dict[str, Any], seed: int | None) -> MergeRecipe | MergekitRecipe:
    from ..recipe.merge import read_recipe, understand_recipe

    models = {role: path for role, path in options["models"].items() if path is not None}
    given = {k: v for k, v in options.items() if v not in (None, {}) and k != "models"}
    if file is None:
        _check_roles(models, given.get("method", "mergealign"))
        return understand_recipe({**given, **_by_input(models, given), "seed": seed}, "options")
    if models or given:
        names = ", ".join([*models, *given])
        raise UsageError(f"a recipe and options for the same ({names})", cure="write them into the recipe")
    recipe = read_recipe(file)
    if seed is None:
        return recipe
    if recipe.seed is not None:
        raise UsageError(f"a seed is given with --seed and in {file}", cure="give one of the two")
    return recipe.model_copy(update={"seed": seed})


def _check_roles(models: dict[str, str], method: str) -> None:
    """Name all roles that lack at once, where the method leaves no choice of roles."""
    from ..errors import UnknownNameError
    from ..recipe.settings import Method

    try:
        takes = Method.find(method).takes
    except UnknownNameError:
        return  # told with all other mistakes in the options
    roles = takes.roles if takes.max_inputs is None or takes.max_inputs >= len(takes.roles) else ()
    if missing := [f"--{role}" for role in ("base", *roles) if role not in models]:
        raise UsageError(f"missing {', '.join(missing)}", cure=f"name the models of {method}, or give a recipe file")


def _by_input(models: dict[str, str], given: dict[str, Any]) -> dict[str, Any]:
    """Models and parameters, with `domain.weight` moved from the parameters of the method to those of the domain."""
    own: dict[str, dict[str, Any]] = {role: {} for role in models}
    shared: dict[str, Any] = {}
    for key, value in given.get("parameters", {}).items():
        role, dot, name = key.partition(".")
        if dot and role in own:
            own[role][name] = value
        else:
            shared[key] = value
    entries = {r: {"model": path, "parameters": own[r]} if own[r] else path for r, path in models.items()}
    return {"models": entries, "parameters": shared}


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
        from ..merge.describe import describe
        from ._plan import plan_text

        facts = describe(plan, threads or os.cpu_count() or 1)
        typer.echo(json.dumps(facts.as_json(), indent=2) if as_json else plan_text(facts))
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
