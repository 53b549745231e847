"""`mergealign demo` replaces only what an earlier demo wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mergealign.cli.demo import MERGES, _check_free
from mergealign.errors import OutputError
from mergealign.merge.run import merge
from mergealign.recipe.merge import MergeRecipe, Models
from mergealign.record.evaluation import write_eval_record

from ..report.records import record
from .conftest import Result

Family = Callable[..., dict[str, Path]]


def write_scores(file: Path, models: dict[str, Path]) -> None:
    found = record()
    scored = [found.models[0].model_copy(update={"name": name, "path": str(path)}) for name, path in models.items()]
    write_eval_record(found.model_copy(update={"models": tuple(scored)}), file)


def test_what_others_wrote_is_kept(cli: Callable[..., Result], tmp_path: Path) -> None:
    for name in ("merged", "average"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "notes.txt").write_text("mine")
    write_scores(tmp_path / "scores.json", {"base": tmp_path / "elsewhere"})
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    done = cli("demo", "--out", tmp_path)
    assert done.code == 2
    for name in ("merged", "average", "scores.json"):
        assert f"{tmp_path / name} exists and was not made from the models in {tmp_path / 'lab'}" in done.err
    assert "choose another --out" in done.err
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_what_an_earlier_demo_wrote_may_be_replaced(family: Family, tmp_path: Path) -> None:
    lab, out = family(), tmp_path / "out"
    out.mkdir()
    (out / "lab").symlink_to(tmp_path)
    (out / "average").mkdir()
    merge(MergeRecipe(models=Models(**{role: str(path) for role, path in lab.items()})), out / "merged")
    write_scores(out / "scores.json", {**lab, **{name: out / name for name in MERGES}})
    _check_free(out)
    (out / "lab").unlink()
    with pytest.raises(OutputError) as e:
        _check_free(out)
    assert len(e.value.problems) == 2
