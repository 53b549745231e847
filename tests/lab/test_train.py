"""Training: packing changes no number, tuning leaves the embeddings alone, the same seed gives the same bytes."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mergealign.lab.corpus import draw
from mergealign.lab.packing import IGNORED, Piece, pack
from mergealign.lab.recipe import RECIPES
from mergealign.lab.tokenizer import render, train_tokenizer
from mergealign.lab.train import new_model, save, train
from mergealign.lab.world import World, build_world

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

TINY = replace(RECIPES["small"], hidden=32, layers=1, intermediate=64, vocab=384)


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(0, "small")


@pytest.fixture(scope="module")
def tokenizer(world: World) -> Any:
    return train_tokenizer(map(render, draw(world, dict.fromkeys(TINY.kinds, 1), 500, random.Random(0))), TINY.vocab)


def run(world: World, tokenizer: Any, name: str, model: Any | None = None) -> Any:
    model = model or new_model(TINY, tokenizer, seed=0)
    stage = replace(TINY.stages[name], steps=4, warmup=2, batch=8)
    losses: list[float] = []
    train(model, tokenizer, world, stage, random.Random(0), lambda _, loss: losses.append(loss))
    assert len(losses) == 4
    return model


def test_packed_documents_have_the_loss_they_have_alone(tokenizer: Any) -> None:
    rng = random.Random(0)
    pieces = [Piece([rng.randrange(384) for _ in range(rng.randrange(4, 40))], rng.choice([0, 3])) for _ in range(12)]
    model = new_model(TINY, tokenizer, seed=0).eval()
    batch = pack(pieces, pad=1)
    assert batch.ids.shape[0] < len(pieces)
    alone, n = 0.0, 0
    with torch.no_grad():
        packed = model(
            input_ids=batch.ids, labels=batch.labels, position_ids=batch.positions, attention_mask=batch.mask
        ).loss
        for p in pieces:
            first = max(1, p.learn_from)
            labels = [IGNORED] * first + p.ids[first:]
            learned = len(p.ids) - first
            alone += learned * model(input_ids=torch.tensor([p.ids]), labels=torch.tensor([labels])).loss.item()
            n += learned
    assert packed.item() == pytest.approx(alone / n, rel=1e-5)


def test_a_document_longer_than_the_row_widens_it() -> None:
    assert pack([Piece([5] * 90, 0)], pad=1, width=64).ids.shape == (1, 90)


def test_tuning_learns_but_leaves_the_embeddings(world: World, tokenizer: Any) -> None:
    base = new_model(TINY, tokenizer, seed=0).state_dict()
    tuned = run(world, tokenizer, "aligned").state_dict()
    changed = {name for name in base if not torch.equal(base[name], tuned[name])}
    assert "model.layers.0.self_attn.q_proj.weight" in changed
    assert not changed & {"model.embed_tokens.weight", "lm_head.weight"}


def test_the_same_seed_gives_the_same_bytes(world: World, tokenizer: Any, tmp_path: Path) -> None:
    for attempt in ("first", "second"):
        save(run(world, tokenizer, "base"), tokenizer, tmp_path / attempt, chat=False)
    files = sorted(p.name for p in (tmp_path / "first").iterdir())
    assert "model.safetensors" in files
    for name in files:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes(), name


@pytest.mark.parametrize("chat", [False, True])
def test_saved_folders_open_in_transformers(world: World, tokenizer: Any, tmp_path: Path, chat: bool) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    save(run(world, tokenizer, "aligned"), tokenizer, tmp_path, chat=chat)
    model, opened = AutoModelForCausalLM.from_pretrained(tmp_path), AutoTokenizer.from_pretrained(tmp_path)
    assert model.dtype == torch.float32
    assert (opened.chat_template is not None) is chat
    stops = model.generation_config.eos_token_id
    assert opened.eos_token_id in (stops if chat else [stops])
    assert opened("Name the color.").input_ids == tokenizer.encode("Name the color.").ids
