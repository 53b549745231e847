"""Multiple choice here, beside lm-evaluation-harness itself: the same model, items and batch size; ratios of medians.

python benchmarks/evaluate_speed.py [--runs 5] [--items 300] [--batch-size 16] [--hidden 256] [--threads 1]

A Llama with random weights and questions of random words, 10 to 120 of them, with four choices of one to six words.
"mergealign" includes rendering, the cache file and the digests of weights; lm-eval is `simple_evaluate` in this
process, without its cache, its bootstrap and the index of its bundled tasks. Both are given the same rendered contexts.
CPU time is shown beside wall time, for cores that are shared. Whole commands: `evaluate_command_speed.py`.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import logging
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset, DatasetDict
from lm_eval import simple_evaluate
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from mergealign.evaluate.cache import Cache
from mergealign.models.causal_lm import CausalLM
from mergealign.tasks.multiple_choice import MultipleChoice

TEMPLATE = (
    "{% for m in messages %}{{ m['role'] + ' ' + m['content'] + ' ' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'assistant' }}{% endif %}"
)
WORDS = [f"w{n}" for n in range(2000)]


def tokenizer() -> Any:
    vocabulary = {w: n for n, w in enumerate(["<pad>", "user", "assistant", *WORDS])}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="<pad>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", eos_token="<pad>")


def model(hidden: int) -> Any:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(WORDS) + 3,
        hidden_size=hidden,
        intermediate_size=4 * hidden,
        num_hidden_layers=4,
        num_attention_heads=4,
        max_position_embeddings=256,
        tie_word_embeddings=True,
    )
    return LlamaForCausalLM(config).eval()


def questions(n_items: int) -> list[dict[str, Any]]:
    dice = random.Random(0)

    def words(low: int, high: int) -> str:
        return " ".join(dice.choices(WORDS, k=dice.randint(low, high)))

    rows = []
    for n in range(n_items):
        choices = [words(1, 6) for _ in range(4)]
        rows.append({"id": f"q{n}", "question": words(10, 120), "choices": choices, "answer": dice.choice(choices)})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("runs", 5), ("items", 300), ("batch-size", 16), ("hidden", 256), ("threads", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    network, words, rows = model(options.hidden), tokenizer(), questions(options.items)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "questions.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        ways: dict[str, Callable[[int], float]] = {
            "lm-eval": lambda _: theirs(network, words, rows, options.batch_size),
            "mergealign": lambda n: ours(network, words, file, options.batch_size, Path(folder) / f"cache{n}.sqlite"),
        }
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        cpu_seconds: dict[str, list[float]] = {name: [] for name in ways}
        accuracies = {}
        for n in range(options.runs + 1):  # the first round warms up and is left out
            for name, way in ways.items():
                start, cpu_start = time.perf_counter(), time.process_time()
                accuracies[name] = way(n)
                seconds[name].append(time.perf_counter() - start)
                cpu_seconds[name].append(time.process_time() - cpu_start)
    assert len(set(accuracies.values())) == 1, accuracies
    wall, cpu = ({name: statistics.median(s[1:]) for name, s in found.items()} for found in (seconds, cpu_seconds))
    for name in ways:
        spread = f"{min(seconds[name][1:]):.2f}–{max(seconds[name][1:]):.2f} s"
        speed = f"{options.items / wall[name]:7.1f} items/s ({spread})"
        ratios = f"{wall['lm-eval'] / wall[name]:.2f} × lm-eval, by CPU time {cpu['lm-eval'] / cpu[name]:.2f} ×"
        print(f"{name:11} {speed}, {ratios}")


def ours(network: Any, words: Any, file: Path, batch_size: int, cache_file: Path) -> float:
    lm, task = CausalLM(network, words, chat_template=TEMPLATE, batch_size=batch_size), MultipleChoice(path=file)
    with Cache(cache_file) as cache:
        lm.memo = cache.memo(lm.identity())
        outcomes = task.ask(lm, task.items(), max_new_tokens=1)
    return sum(bool(o.correct) for o in outcomes) / len(outcomes)


def theirs(network: Any, words: Any, rows: list[dict[str, Any]], batch_size: int) -> float:
    asked = [
        {"context": f"user {r['question']} assistant", "choices": r["choices"], "gold": r["choices"].index(r["answer"])}
        for r in rows
    ]
    task = {
        "task": "questions",
        "custom_dataset": lambda **_: DatasetDict({"test": Dataset.from_list(asked)}),
        "output_type": "multiple_choice",
        "test_split": "test",
        "num_fewshot": 0,
        "doc_to_text": lambda row: row["context"],
        "doc_to_choice": lambda row: row["choices"],
        "doc_to_target": lambda row: row["gold"],
        "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
    }
    with contextlib.redirect_stderr(io.StringIO()):
        lm = HFLM(pretrained=network, tokenizer=words, batch_size=batch_size, add_bos_token=False)
        found = simple_evaluate(lm, tasks=[task], bootstrap_iters=0, task_manager=TaskManager(include_defaults=False))
    return float(found["results"]["questions"]["acc,none"])


if __name__ == "__main__":
    main()
