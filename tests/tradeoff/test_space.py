"""Groups of tensors, and that a recipe gives each tensor the value of its group."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mergealign.errors import UsageError
from mergealign.merge.plan import make_plan
from mergealign.methods.mergealign import mergealign
from mergealign.recipe.parameters import method_parameters
from mergealign.recipe.values import evaluate
from mergealign.tradeoff.space import Space, make_groups

from ..tiny_llama import tiny_model
from .fakes import NAMES, space
from .families import recipe, write_family


def test_global_is_one_scalar() -> None:
    found = space()
    assert [d.name for d in found.dimensions] == ["domain_weight", "alignment_weight"]
    assert found.settings({"domain_weight": 0.3, "alignment_weight": 1.0}) == {
        "domain_weight": 0.3,
        "alignment_weight": 1.0,
    }


def test_layers_eleven_and_one_are_not_confused() -> None:
    groups = make_groups("layer", NAMES)
    assert len(groups.names) == 12
    values = {name: float(n) for n, name in enumerate(groups.names)}
    parameter = method_parameters(mergealign)["domain_weight"]
    setting = groups.setting(values)
    for n in range(12):
        assert evaluate(parameter, setting, f"model.layers.{n}.mlp.up_proj.weight", 0.0) == n
    assert evaluate(parameter, setting, "model.embed_tokens.weight", 0.0) == 0
    assert evaluate(parameter, setting, "lm_head.weight", 0.0) == 11


@pytest.mark.parametrize("n", [1, 2, 3, 5, 12])
def test_groups_are_even_runs_of_layers(n: int) -> None:
    groups = make_groups(f"group:{n}", NAMES)
    sizes = [sum(g == name for t, g in groups.of.items() if "up_proj" in t) for name in groups.names]
    assert len(sizes) == n
    assert sum(sizes) == 12
    assert max(sizes) - min(sizes) <= 1


def test_modules() -> None:
    groups = make_groups("module", NAMES)
    assert groups.names == ("attention", "feed_forward", "rest")
    assert groups.of["model.layers.3.mlp.up_proj.weight"] == "feed_forward"
    assert groups.of["model.layers.3.norm.weight"] == groups.of["lm_head.weight"] == "rest"


names = st.lists(st.text(alphabet="ab.1layers", min_size=1, max_size=14), min_size=1, max_size=25, unique=True)


@given(st.sampled_from(["global", "group:1", "group:2", "group:4", "layer", "module"]), st.data())
def test_every_tensor_gets_the_value_of_its_group(granularity: str, data: st.DataObject) -> None:
    odd = data.draw(names)  # names that are parts of each other, or look like layers
    tensors = [*NAMES, *(n for n in odd if n not in NAMES)]
    groups = make_groups(granularity, tensors)
    values = {name: float(n) for n, name in enumerate(groups.names)}
    parameter = method_parameters(mergealign)["domain_weight"]
    setting = groups.setting(values)
    for tensor in tensors:
        assert evaluate(parameter, setting, tensor, 0.5) == values[groups.of[tensor]]


@pytest.mark.parametrize("granularity", ["group:0", "group:13", "group:x", "tensor", "layers"])
def test_what_is_no_granularity_is_refused(granularity: str) -> None:
    with pytest.raises(UsageError, match="granularity"):
        make_groups(granularity, NAMES)


def test_corners_are_expert_aligned_both_and_average() -> None:
    found = space("group:2")
    values = [sorted(set(c.values())) for c in found.corners()]
    assert values == [[0.0, 1.0], [0.0, 1.0], [1.0], [0.5]]
    assert found.corners()[0]["domain_weight@layers 00-05"] == 1.0
    assert found.corners()[0]["alignment_weight@layers 06-11"] == 0.0


def test_where_no_corner_is_in_bounds_the_middle_and_the_ends_are() -> None:
    narrow = Space(make_groups("global", NAMES), {"domain_weight": (0.6, 0.8), "alignment_weight": (0.6, 0.8)})
    assert [set(c.values()) for c in narrow.corners()] == [{0.7}, {0.6}, {0.8}]


@pytest.mark.parametrize("granularity", ["layer", "module"])
def test_equal_values_in_all_groups_are_the_global_merge(granularity: str, tmp_path: Path) -> None:
    folders = write_family(tmp_path, tiny_model())
    tensors = [t.spec.name for t in make_plan(recipe(folders), allow_unrelated=True).tensors]
    groups = make_groups(granularity, tensors)
    plan = make_plan(
        recipe(folders, domain_weight=groups.setting(dict.fromkeys(groups.names, 0.75))), allow_unrelated=True
    )
    whole = make_plan(recipe(folders, domain_weight=0.75), allow_unrelated=True)
    assert [t.rule for t in plan.tensors] == [t.rule for t in whole.tensors]
