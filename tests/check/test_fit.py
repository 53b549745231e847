"""What fits and what does not: all problems at once, each by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mergealign.check.configs import check_configs
from mergealign.check.finding import Level
from mergealign.check.fit import Fit, fit_checkpoints
from mergealign.checkpoint.folder import Checkpoint, open_checkpoint
from mergealign.recipe.merge import MergeRecipe, Models

from ..conftest import SHAPES, random_tensors

Family = Callable[..., dict[str, Path]]
HEAD, EMBEDDING = "lm_head.weight", "model.embed_tokens.weight"
BUFFER = "model.layers.0.self_attn.rotary_emb.inv_freq"


REQUEST = MergeRecipe(models=Models(base="b", domain="d", aligned="a")).request()


def opened(folders: dict[str, Path]) -> dict[Any, Checkpoint]:
    return {role: open_checkpoint(folder) for role, folder in folders.items()}


def fit(folders: dict[str, Path]) -> Fit:
    return fit_checkpoints(opened(folders), REQUEST)


def refused(folders: dict[str, Path]) -> str:
    """All errors, in words; each has a cure."""
    models = opened(folders)
    errors = [f for f in (*check_configs(models), *fit_checkpoints(models, REQUEST).findings) if f.level is Level.ERROR]
    assert errors
    assert all(f.cure for f in errors)
    return "\n".join(f"{f.what} → {f.cure}" for f in errors)


def notes(found: Fit) -> list[str]:
    assert {f.level for f in found.findings} <= {Level.NOTE}
    return [f.what for f in found.findings]


def test_a_family_fits(family: Family) -> None:
    found = fit(family(domain={"shards": 2}, aligned={"dtype": "float32"}))
    assert {t.name for t in found.tensors} == SHAPES.keys()
    assert notes(found) == [
        "base: bfloat16; domain: bfloat16; aligned: float32; the output has the base's unless --dtype names another"
    ]
    assert all(t.name == s.tensor.name for t in found.tensors for s in t.sources)
    assert all([s.model for s in t.sources] == ["base", "domain", "aligned"] for t in found.tensors)


def test_all_problems_at_once(family: Family) -> None:
    import torch

    message = refused(
        family(
            domain={"tensors": {EMBEDDING: torch.zeros(97, 32), "model.norm.weight": torch.zeros(31)}},
            aligned={"tensors": {"extra": torch.zeros(1), HEAD: None}, "config": {"model_type": "qwen2"}},
        )
    )
    for part in (
        "[97, 32] in domain",
        "resize",
        "[31] in domain",
        "aligned lacks 1 tensors of base",
        HEAD,
        "extra",
        "model_type",
        "qwen2",
    ):
        assert part in message


def test_long_lists_are_cut(family: Family) -> None:
    import torch

    message = refused(family(domain={"tensors": {f"x{i}": torch.zeros(1) for i in range(9)}}))
    assert "base lacks 9 tensors of domain" in message
    assert "and 4 more" in message


@pytest.mark.parametrize("key", ["num_attention_heads", "architectures", "hidden_act"])
def test_configs_that_differ_where_shapes_do_not(family: Family, key: str) -> None:
    folders = family(base={"config": {key: "x"}}, domain={"config": {key: "y"}}, aligned={"config": {key: "x"}})
    assert f"{key} is 'y' in domain and 'x' in base" in refused(folders)


def test_a_stray_head_equal_to_the_embedding_is_dropped(family: Family) -> None:
    tied = {"tie_word_embeddings": True}
    found = fit(
        family(
            base={"config": tied, "tensors": {HEAD: None}},
            domain={"config": tied, "tensors": {HEAD: random_tensors(1)[EMBEDDING]}},
            aligned={"config": tied, "tensors": {HEAD: None}},
        )
    )
    assert HEAD not in {t.name for t in found.tensors}
    assert HEAD not in {t.name for t in found.tensors}
    assert notes(found) == [f"domain: '{HEAD}' equals '{EMBEDDING}' (tied) and is left out"]


def test_a_stray_head_that_differs_is_an_error(family: Family) -> None:
    tied: dict[str, Any] = {"config": {"tie_word_embeddings": True}}
    message = refused(
        family(base={**tied, "tensors": {HEAD: None}}, domain=tied, aligned={**tied, "tensors": {HEAD: None}})
    )
    assert f"domain: '{HEAD}' differs from the embedding although" in message
    assert "aligned: " not in message


def test_tied_and_untied_do_not_mix(family: Family) -> None:
    tied = {"config": {"tie_word_embeddings": True}, "tensors": {HEAD: None}}
    assert "domain ties its embeddings" in refused(family(domain=tied))
    assert "base ties its embeddings" in refused(family(base=tied))


def test_rotary_buffers_in_some_models_are_dropped_with_a_note(family: Family) -> None:
    import torch

    found = fit(family(aligned={"tensors": {BUFFER: torch.ones(4)}}))
    assert BUFFER not in {t.name for t in found.tensors}
    assert "only in aligned" in notes(found)[0]
    everywhere: dict[str, Any] = {"tensors": {BUFFER: torch.ones(4)}}
    assert BUFFER in {t.name for t in fit(family(base=everywhere, domain=everywhere, aligned=everywhere)).tensors}


def test_integers_must_agree(family: Family) -> None:
    import torch

    same: dict[str, Any] = {"tensors": {"position_ids": torch.arange(8)}}
    found = fit(family(base=same, domain=same, aligned=same))
    assert [t.name for t in found.tensors if not t.is_float] == ["position_ids"]
    other: dict[str, Any] = {"tensors": {"position_ids": torch.arange(8) + 1}}
    assert "differs between aligned and base" in refused(family(base=same, domain=same, aligned=other))
    floats: dict[str, Any] = {"tensors": {"position_ids": torch.arange(8).float()}}
    assert "is float32 in domain, int64 in base" in refused(family(base=same, domain=floats, aligned=same))


def test_rotary_settings_are_compared_in_any_spelling(family: Family) -> None:
    old = {"rope_theta": 5e5, "rope_scaling": {"type": "llama3", "factor": 8.0}}
    new = {"rope_parameters": {"rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0}}
    far = {"rope_theta": 4e6}
    models = opened(family(base={"config": old}, domain={"config": new}, aligned={"config": far}))
    found = list(check_configs(models))
    assert [f.level for f in found] == [Level.WARNING]
    assert "rope_theta is 4000000.0 in aligned and 500000.0 in base" in found[0].what
    assert "domain" not in found[0].what


def test_smaller_differences_are_warnings(family: Family) -> None:
    models = opened(family(base={"config": {"rms_norm_eps": 1e-5}}, domain={"config": {"rms_norm_eps": 1e-6}}))
    (found,) = check_configs(models)
    assert (found.level, found.subject) == (Level.WARNING, "config")


def test_a_family_tied_by_default_with_one_stored_head(family: Family) -> None:
    """Older Gemma configs do not say that they are tied; a fine-tune may store the head all the same."""
    silent: dict[str, Any] = {"config": {"tie_word_embeddings": None}, "tensors": {HEAD: None}}
    stored: dict[str, Any] = {**silent, "tensors": {HEAD: random_tensors(2)[EMBEDDING]}}
    found = fit(family(base=silent, domain=silent, aligned=stored))
    assert notes(found) == [f"aligned: '{HEAD}' equals '{EMBEDDING}' (tied) and is left out"]
    other: dict[str, Any] = {**silent, "tensors": {HEAD: random_tensors(3)[EMBEDDING]}}
    assert "base ties its embeddings" in refused(family(base=silent, domain=silent, aligned=other))


def test_rotary_settings_per_kind_of_layer(family: Family) -> None:
    """Gemma 3 as transformers 4 and as transformers 5 write it."""
    old = {"rope_theta": 1e6, "rope_local_base_freq": 1e4, "rope_scaling": {"rope_type": "linear", "factor": 8.0}}
    new = {
        "rope_parameters": {
            "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
            "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
        }
    }
    assert not list(
        check_configs(opened(family(base={"config": old}, domain={"config": new}, aligned={"config": old})))
    )


def test_a_window_that_is_set_or_null(family: Family) -> None:
    on, off = {"sliding_window": 4096}, {"sliding_window": None}
    unused = {"sliding_window": 4096, "use_sliding_window": False}
    (found,) = check_configs(opened(family(base={"config": on}, domain={"config": off}, aligned={"config": on})))
    assert "sliding_window is None in domain and 4096 in base" in found.what
    assert not list(check_configs(opened(family(base={"config": off}, domain={"config": unused}))))
