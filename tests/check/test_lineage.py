"""Lineage: hand-computed distances, and what is said about models that do not belong together."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mergealign.check.finding import Finding, Level
from mergealign.check.fit import fit_checkpoints
from mergealign.check.lineage import Lineage, check_lineage
from mergealign.check.run import check_models
from mergealign.check.tokens import settle_template
from mergealign.checkpoint.folder import open_checkpoint
from mergealign.errors import IncompatibleError
from mergealign.recipe.merge import MergeRecipe, Models, understand_recipe

from ..conftest import SHAPES, random_tensors

Family = Callable[..., dict[str, Path]]
REQUEST = MergeRecipe(models=Models(base="b", domain="d", aligned="a")).request()


def lineage(folders: dict[str, Path]) -> tuple[Lineage | None, list[Finding]]:
    models = {role: open_checkpoint(f) for role, f in folders.items()}
    return check_lineage(fit_checkpoints(models, REQUEST).family, "base", roles=True)


def said(findings: list[Finding], level: Level) -> str:
    return "\n".join(f"{f.what} → {f.cure}" for f in findings if f.level is level)


def independent(seed: int) -> dict[str, Any]:
    import torch

    generator = torch.Generator().manual_seed(seed)
    return {n: torch.randn(s, generator=generator).bfloat16() for n, s in SHAPES.items()}


def test_a_family_is_recognized(family: Family) -> None:
    found, findings = lineage(family())
    assert found is not None
    assert found.n_matrices == 4
    assert found.n_elements == sum(math.prod(s) for s in SHAPES.values() if len(s) == 2)
    for role in ("domain", "aligned"):
        assert found.cosine[role] == pytest.approx(1 / math.sqrt(1.01), abs=0.01)
        assert found.relative_norm[role] == pytest.approx(0.1, abs=0.01)
    assert found.base == "base"
    assert found.apart == pytest.approx(0.1 * math.sqrt(2), abs=0.01)
    assert [(f.level, f.subject) for f in findings] == [
        (Level.OK, "finite values"),
        (Level.OK, "lineage"),
        (Level.OK, "lineage"),
    ]


@pytest.mark.parametrize("role", ["domain", "aligned"])
def test_unrelated_models_are_errors(family: Family, role: str) -> None:
    found, findings = lineage(family(**{role: {"tensors": independent(9)}}))
    assert found is not None
    assert abs(found.cosine[role]) < 0.1
    assert f"{role} was not tuned from this base" in said(findings, Level.ERROR)
    assert "--allow-unrelated" in said(findings, Level.ERROR)


@pytest.mark.parametrize(
    ("first", "second", "seed"), [("base", "domain", 0), ("base", "aligned", 0), ("domain", "aligned", 1)]
)
def test_equal_models_are_errors(family: Family, first: str, second: str, seed: int) -> None:
    _, findings = lineage(family(**{second: {"tensors": random_tensors(seed)}}))
    assert f"{first} and {second} hold the same weights" in said(findings, Level.ERROR)


def test_models_equal_but_for_one_vector_are_not_the_same(family: Family) -> None:
    tuned = {**random_tensors(0), "model.norm.weight": random_tensors(1)["model.norm.weight"]}
    _, findings = lineage(family(domain={"tensors": tuned}))
    assert not said(findings, Level.ERROR)


def test_an_expert_tuned_from_the_aligned_model_is_noticed(family: Family) -> None:
    aligned, noise = random_tensors(2), random_tensors(1)
    base = random_tensors(0)
    expert = {n: (aligned[n].float() + 0.3 * (noise[n].float() - base[n].float())).bfloat16() for n in SHAPES}
    found, findings = lineage(family(domain={"tensors": expert}))
    assert found is not None
    assert found.apart is not None
    assert found.apart < found.relative_norm["domain"]
    assert "seems to be tuned from the aligned model" in said(findings, Level.WARNING)
    assert "sum to 1" in said(findings, Level.WARNING)


def test_far_but_related_is_a_warning(family: Family) -> None:
    base, noise = random_tensors(0), independent(5)
    far = {n: (base[n].float() + 0.015 * noise[n].float()).bfloat16() for n in SHAPES}
    found, findings = lineage(family(domain={"tensors": far}))
    assert found is not None
    assert 0.5 < found.cosine["domain"] < 0.9
    assert "unusually far" in said(findings, Level.WARNING)


def test_nan_in_a_sampled_matrix(family: Family) -> None:
    name = "model.layers.0.mlp.up_proj.weight"
    found, findings = lineage(family(aligned={"tensors": {name: random_tensors(0)[name] * math.nan}}))
    assert found is None
    assert f"'{name}' of aligned holds NaN" in said(findings, Level.ERROR)


def test_zero_weights_and_no_matrices_are_said(family: Family) -> None:
    zeros: dict[str, Any] = {"tensors": {n: t * 0 for n, t in random_tensors(0).items()}}
    assert "all zero" in said(lineage(family(base=zeros))[1], Level.WARNING)
    none: dict[str, Any] = {"tensors": {n: None for n, s in SHAPES.items() if len(s) == 2}}
    assert "no matrix" in said(lineage(family(base=none, domain=none, aligned=none))[1], Level.WARNING)


def test_only_allow_unrelated_gets_past(family: Family) -> None:
    folders = family(domain={"tensors": independent(9)})
    models: Any = {role: open_checkpoint(f) for role, f in folders.items()}
    with pytest.raises(IncompatibleError, match="was not tuned from this base"):
        check_models(models, REQUEST).raise_errors()
    report = check_models(models, REQUEST, allow_unrelated=True)
    report.raise_errors()
    assert any("was not tuned from this base" in note for note in report.notes)


def test_a_large_tensor_is_sampled_to_its_ends(tmp_path: Path) -> None:
    """The last elements of a large matrix are read, and not all of it."""
    import torch

    from ..conftest import write_model

    folders = {}
    for role, delta in (("base", 0.0), ("domain", 1.0), ("aligned", 0.0)):
        weight = torch.ones(1024, 1024)
        weight[-1, -1] += delta
        folders[role] = write_model(tmp_path / role, {"w": weight})
    found, _ = lineage(folders)
    assert found is not None
    assert found.n_elements == 4 * 65536
    assert found.relative_norm["domain"] == pytest.approx(1 / math.sqrt(found.n_elements))


def test_equal_models_in_different_dtypes_are_the_same(family: Family) -> None:
    wide = {n: t.float() for n, t in random_tensors(0).items()}
    _, findings = lineage(family(domain={"tensors": wide}))
    assert "base and domain hold the same weights" in said(findings, Level.ERROR)


def test_what_was_not_measured_is_not_called_ok(family: Family) -> None:
    name = "model.layers.0.mlp.up_proj.weight"
    models: Any = family(aligned={"tensors": {name: random_tensors(0)[name] * math.nan}})
    opened: Any = {role: open_checkpoint(f) for role, f in models.items()}
    report = check_models(opened, REQUEST)
    levels = {f.subject: f.level for f in report.findings}
    assert (levels["finite values"], levels["lineage"]) == (Level.ERROR, Level.NOTE)


@pytest.mark.parametrize("n_layers", [22, 46])
def test_every_kind_of_matrix_is_in_the_sample(tmp_path: Path, n_layers: int) -> None:
    """An expert that was tuned in one kind of matrix alone is seen, whatever the number of layers."""
    import torch

    from ..conftest import write_model

    kinds = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
    base = {f"model.layers.{i}.{k}.weight": torch.ones(2, 2) for i in range(n_layers) for k in kinds}
    folders = {role: write_model(tmp_path / role, base) for role in ("base", "aligned")}
    for kind in kinds:
        tuned = {n: t + (kind in n) for n, t in base.items()}
        found, _ = lineage({**folders, "domain": write_model(tmp_path / "domain", tuned)})
        assert found is not None
        assert found.relative_norm["domain"] > 0.1, kind


def test_models_of_a_mergekit_recipe_may_be_called_as_roles_are(family: Family) -> None:
    """Their names are labels there: not all three have to meet, and a linear merge has no base."""
    root = family()["base"].parent
    one, all_three = (
        {"sources": [{"model": name, "layer_range": [0, 1]} for name in names]}
        for names in (["base", "domain"], ["base", "domain", "aligned"])
    )
    data = {"merge_method": "linear", "slices": [one, one, all_three], "parameters": {"weight": 1}}
    request = understand_recipe(data, "r.yaml", root).request()
    models = {label: open_checkpoint(root / label) for label in request.models}
    report = check_models(models, settle_template(models, request))
    assert not report.errors
    assert report.lineage is not None
    assert report.lineage.apart is None
