"""`mergealign evaluate` beside lm-evaluation-harness's own command, as whole processes; medians and their ratios.

python benchmarks/evaluate_command_speed.py --lab FOLDER [--runs 5] [--items 3072] [--batch-size 16] [--threads 1]

Multiple choice, put to the expert of a finished lab (`mergealign demo` makes one) in float32 on the CPU: questions of
the lab, and where it has too few the same ones as other cases, so that no two contexts are alike. `lm_eval --model hf`
reads the same rendered contexts from a local file; `mergealign evaluate` renders them, and begins with a fresh cache.
Both have to find the same accuracy.

"without start-up": the items beyond the first ten, over the time beyond that of the same command with `--limit 10`.
CPU time is shown beside wall time, for cores that are shared.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mergealign.models.chat import chat_format
from mergealign.models.loading import load_tokenizer
from mergealign.record.evaluation import read_eval_record
from process import Cost, cost_of

FILES = ("domain_dev", "domain_test", "general_dev", "general_test")
FEW = 10
SCRIPTS = Path(sys.executable).parent
SUITE = """\
schema_version: 1
name: questions
seed: 0
chat_template: chat_template.jinja
judges: [refusal]
knowledge:
  - {task: multiple_choice, name: questions, path: questions.jsonl}
"""
TASK = """\
task: questions
dataset_path: json
dataset_kwargs: {data_files: {test: FILE}}
output_type: multiple_choice
test_split: test
num_fewshot: 0
doc_to_text: "{{context}}"
doc_to_choice: choices
doc_to_target: gold
target_delimiter: ""
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
"""


@dataclass
class Tool:
    """One command, given the folder for its output, and how to read the accuracy from there."""

    name: str
    command: Callable[[Path], list[str]]
    accuracy: Callable[[Path], float]
    few: list[Cost] = field(default_factory=list)
    whole: list[Cost] = field(default_factory=list)

    def wall_s(self, *, start_up: bool) -> float:
        few, whole = (statistics.median(c.wall_s for c in costs) for costs in (self.few, self.whole))
        return whole if start_up else whole - few

    def cpu_s(self, *, start_up: bool) -> float:
        few, whole = (statistics.median(c.cpu_s for c in costs) for costs in (self.few, self.whole))
        return whole if start_up else whole - few


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lab", type=Path, required=True)
    for name, default in (("runs", 5), ("items", 3072), ("batch-size", 16), ("threads", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ |= {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "hf"), "OMP_NUM_THREADS": str(options.threads)}
        write_inputs(folder, options.lab, options.items)
        tools = list(commands(folder, options.lab.resolve() / "domain", options.batch_size, options.threads))
        for n in range(options.runs + 1):
            found = {tool.name: run(tool, folder / f"{tool.name}{n}", warm_up=n == 0) for tool in tools}
            assert len(set(found.values())) == 1, found
    report(options.items, *tools)


def run(tool: Tool, out: Path, *, warm_up: bool) -> float:
    """The accuracy; unless this is the warm-up, costs are noted."""
    few = cost_of([*tool.command(out / "few"), "--limit", str(FEW)])
    whole = cost_of(tool.command(out / "whole"))
    if not warm_up:
        tool.few.append(few)
        tool.whole.append(whole)
    return tool.accuracy(out / "whole")


def report(n_items: int, theirs: Tool, ours: Tool) -> None:
    for tool in (theirs, ours):
        spread = f"{min(c.wall_s for c in tool.whole):.1f}–{max(c.wall_s for c in tool.whole):.1f} s"
        start_up = tool.wall_s(start_up=True) - tool.wall_s(start_up=False)
        print(
            f"{tool.name:11} {n_items / tool.wall_s(start_up=True):6.1f} items/s ({spread}), "
            f"without {start_up:.1f} s of start-up {(n_items - FEW) / tool.wall_s(start_up=False):6.1f} items/s"
        )
    for what, start_up in (("whole command", True), ("without start-up", False)):
        wall = theirs.wall_s(start_up=start_up) / ours.wall_s(start_up=start_up)
        cpu = theirs.cpu_s(start_up=start_up) / ours.cpu_s(start_up=start_up)
        print(f"mergealign, {what}: {wall:.2f} × lm-eval, by CPU time {cpu:.2f} ×")


def commands(folder: Path, model: Path, batch_size: int, threads: int) -> Iterator[Tool]:
    """lm-eval's, then ours."""
    arguments = f"pretrained={model},dtype=float32,add_bos_token=False"
    theirs = [SCRIPTS / "lm_eval", "--model", "hf", "--model_args", arguments, "--device", "cpu"]
    theirs += ["--tasks", "questions", "--include_path", folder / "task", "--batch_size", batch_size]
    yield Tool("lm-eval", lambda out: [*map(str, theirs), "--output_path", str(out)], their_accuracy)
    ours = [SCRIPTS / "mergealign", "evaluate", model, "--suite", folder / "suite.yml"]
    ours += ["--batch-size", batch_size, "--threads", threads]
    yield Tool("mergealign", lambda out: [*map(str, ours), "--out", str(out / "scores.json")], our_accuracy)


def their_accuracy(out: Path) -> float:
    (file,) = out.rglob("results_*.json")
    return float(json.loads(file.read_text())["results"]["questions"]["acc,none"])


def our_accuracy(out: Path) -> float:
    (task,) = read_eval_record(out / "scores.json").models[0].tasks
    return (task.rates["acc"].k or 0) / task.rates["acc"].n


def write_inputs(folder: Path, lab: Path, n_items: int) -> None:
    """The questions, and the suite and the task that put them."""
    template = (lab / "chat_template.jinja").read_text()
    form = chat_format(load_tokenizer(lab / "domain"), template, "the lab")
    rows = questions(lab, n_items)
    asked = [
        {
            "context": form.render(row["question"]),
            "choices": [form.lead + choice for choice in row["choices"]],
            "gold": row["choices"].index(row["answer"]),
        }
        for row in rows
    ]
    for name, lines in (("questions", rows), ("asked", asked)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "chat_template.jinja").write_text(template)
    (folder / "suite.yml").write_text(SUITE)
    (folder / "task").mkdir()
    (folder / "task/questions.yaml").write_text(TASK.replace("FILE", json.dumps(str(folder / "asked.jsonl"))))


def questions(lab: Path, n_items: int) -> list[dict[str, Any]]:
    """Those of the lab, then the same as case 1, 2 …"""
    own = [json.loads(line) for name in FILES for line in (lab / f"data/{name}.jsonl").read_text().splitlines()]
    rows = []
    for n in range(n_items):
        case, row = n // len(own), own[n % len(own)]
        words = f"Case {case}. {row['question']}" if case else row["question"]
        rows.append({**row, "id": f"q{n}", "question": words})
    return rows


if __name__ == "__main__":
    main()
