"""`mergealign diff`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import printable

if TYPE_CHECKING:
    from rich.table import Table

    from ..similarity.diff import GroupDiff, ModelDiff, TensorDiff
    from ..similarity.distance import Distance
    from ..similarity.settings import Setting
    from ..similarity.tokenizer import TokenizerDiff

__all__ = ["diff"]

_SHOWN = 10  # names or settings listed in one place
_MEASURES = ("changed", "‖B−A‖/‖A‖", "cosine", "largest")


def diff(
    a: Annotated[str, typer.Argument(metavar="A", help="A checkpoint: folder, or org/name\\[@revision].")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another, likewise. Norms are relative to A.")],
    top: Annotated[int, typer.Option(min=0, help="How many tensors to list, those furthest apart first.")] = 10,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads (default: one per core).")] = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 if they differ, like git diff.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print everything, each tensor included, as JSON.")] = False,
) -> None:
    """What separates two checkpoints: tensors, shapes, dtypes, numbers, config and tokenizer.

    Numbers are compared as values: bfloat16 1.5 and float32 1.5 are the same.
    Other sharding is no difference, nor is a tied output head that is stored.

    Exit code 0: the comparison ran.
    """
    from ..similarity.diff import run_diff
    from ..similarity.plan import plan_diff
    from ._progress import announce_compiling, bytes_progress

    announce_compiling()
    plan = plan_diff(a, b)
    with bytes_progress("comparing", plan.n_bytes) as progress:
        result = run_diff(plan, threads=threads, progress=progress)
    if json_:
        import json

        typer.echo(json.dumps(result.describe(), indent=1, allow_nan=False))
    else:
        _print(result, top)
    if exit_code and result.differs:
        raise typer.Exit(1)


def _print(result: ModelDiff, top: int) -> None:
    from rich.console import Console

    console = Console()

    def say(text: str) -> None:
        console.print(printable(text), markup=False, highlight=False, soft_wrap=True)

    say(f"A  {result.plan.a.source}\nB  {result.plan.b.source}\n")
    console.print(_groups(result))
    if worst := result.worst(top):
        console.print(_tensors(worst))
    say("")
    for line in _lines(result):
        say(line)
    for note in result.plan.notes:
        say(f"note: {note}")
    say("A and B differ" if result.differs else "A and B are the same model")


def _table(*columns: str, title: str = "") -> Table:
    """Numbers to the right, names to the left; a long name is folded."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False, title=title, title_justify="left")
    for column in columns:
        is_name = column in ("part", "tensor")
        table.add_column(column, justify="left" if is_name else "right", no_wrap=not is_name, overflow="fold")
    return table


def _groups(result: ModelDiff) -> Table:
    table = _table("part", "tensors", "elements", *_MEASURES)
    for group in result.by_group:
        table.add_row(group.name, *_size(group), *_cells(group.distance))
    table.add_section()
    table.add_row("all", *_size(result.total), *_cells(result.total.distance))
    return table


def _size(group: GroupDiff) -> tuple[str, str]:
    return str(group.n_tensors), f"{group.distance.n_elements:,}"


def _tensors(tensors: Sequence[TensorDiff]) -> Table:
    table = _table(*_MEASURES, "tensor", title="\nfurthest apart")
    for t in tensors:
        table.add_row(*_cells(t.distance), t.pair.name)
    return table


def _cells(distance: Distance) -> tuple[str, ...]:
    share, norm, cosine = distance.share_changed, distance.relative_norm, distance.cosine
    return (
        "–" if share is None else _percent(share),
        "–" if norm is None else f"{norm:.3g}",
        "–" if cosine is None else f"{cosine:.6f}",
        f"{distance.largest:.3g}" if distance.is_measured else "–",
    )


def _percent(share: float) -> str:
    """Neither 0 % nor 100 % unless it is."""
    if share in (0.0, 1.0):
        return f"{100 * share:.0f} %"
    return f"{min(max(100 * share, 0.01), 99.99):.2f} %"


def _lines(result: ModelDiff) -> Iterator[str]:
    """Whatever is no number, one finding a line."""
    plan = result.plan
    for side, tensors in (("A", plan.only_a), ("B", plan.only_b)):
        if tensors:
            yield f"only in {side}: {len(tensors)} tensors: {_some([t.name for t in tensors])}"
    for t in (t for t in result.tensors if t.shapes_differ):
        compared = f"the first {t.pair.n_compared} numbers" if t.pair.n_compared else "not"
        yield f"shape: {t.pair.name} is {list(t.pair.a.shape)} in A, {list(t.pair.b.shape)} in B; compared: {compared}"
    for (in_a, in_b), n in result.dtype_changes.items():
        yield f"dtype: {in_a} in A, {in_b} in B: {n} tensors"
    for t in result.non_finite:
        bad = t.distance
        yield f"NaN or infinity: {t.pair.name}: {bad.n_non_finite_a} numbers of A, {bad.n_non_finite_b} of B; no norms"
    yield from _settings("config", plan.config)
    yield from _settings("generation config", plan.generation)
    yield from _tokenizer(plan.tokenizer)


def _settings(where: str, settings: tuple[Setting, ...]) -> Iterator[str]:
    for s in settings[:_SHOWN]:
        a, b = (repr(s.values[side])[:60] if side in s.values else "not there" for side in ("a", "b"))
        yield f"{where}: {s.key}: {a} in A, {b} in B"
    if len(settings) > _SHOWN:
        yield f"{where}: and {len(settings) - _SHOWN} more keys (--json lists them)"


def _tokenizer(diff: TokenizerDiff) -> Iterator[str]:
    if diff.n_moved is None:
        yield "tokenizer: not compared: no readable vocabulary in A or in B"
    elif diff.n_only_a or diff.n_only_b or diff.n_moved:
        counts = f"{diff.n_only_a} only in A, {diff.n_only_b} only in B, {diff.n_moved} with another id"
        yield f"tokenizer: {diff.size_a} tokens in A, {diff.size_b} in B: {counts}"
    for side, tokens in (("A", diff.added_only_a), ("B", diff.added_only_b)):
        if tokens:
            yield f"tokenizer: added tokens only in {side}: {_some(tokens)}"
    yield from (f"tokenizer: {part}" for part in diff.parts)
    yield from _settings("tokenizer_config.json", diff.settings)
    if diff.template_differs:
        yield "chat template: differs"


def _some(names: Sequence[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
