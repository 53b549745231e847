"""One stage in a process of its own: `python -m mergealign.lab.stage FOLDER NAME`.

What to do stands in FOLDER/lab.json; each step is reported as one JSON line on stdout. A process per stage fixes the
number of threads whatever the caller does with torch, and lets two stages run at once.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from pathlib import Path

from .corpus import draw
from .folder import read_record
from .tokenizer import render, train_tokenizer
from .train import new_model, save, train
from .world import build_world

__all__ = ["run_stage"]

N_TOKENIZER_DOCUMENTS = 20_000


def run_stage(folder: Path, name: str, report: Callable[[int, float], None]) -> None:
    """Train the model `name` into folder/name; the base brings the tokenizer, the others start from folder/base."""
    import torch
    from tokenizers import Tokenizer
    from transformers import LlamaForCausalLM
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    record = read_record(folder)
    torch.set_num_threads(record.threads[name])
    torch.use_deterministic_algorithms(True)
    stage = record.recipe.stages[name]
    world = build_world(record.seed, record.size)
    rng = random.Random(f"mergealign lab {name} {record.seed}")
    if stage.tuned:
        tokenizer = Tokenizer.from_file(str(folder / "base" / "tokenizer.json"))
        model = LlamaForCausalLM.from_pretrained(folder / "base")
    else:
        documents = draw(world, dict.fromkeys(record.recipe.kinds, 1), N_TOKENIZER_DOCUMENTS, rng)
        tokenizer = train_tokenizer(map(render, documents), record.recipe.vocab)
        model = new_model(record.recipe, tokenizer, record.seed)
    train(model, tokenizer, world, stage, rng, report)
    save(model, tokenizer, folder / name, chat=name == "aligned")


if __name__ == "__main__":
    run_stage(Path(sys.argv[1]), sys.argv[2], lambda step, loss: print(json.dumps([step, loss]), flush=True))
