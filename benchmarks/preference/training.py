"""Train one baseline from the expert with trl, and say what that cost. The only file here that imports trl and peft."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from mergealign.checkpoint.output import output_folder

from .pairs import Pair

__all__ = ["INSTALL", "VARIANTS", "Trained", "Variant", "missing_packages", "train"]

TESTED = {"trl": "1.16.0", "peft": "0.21.2"}
INSTALL = "python3 -m venv .venv-trl\n  .venv-trl/bin/pip install -c constraints.txt -e '.[all]' " + " ".join(
    f"{name}=={version}" for name, version in TESTED.items()
)
METHODS: tuple[Literal["dpo", "orpo", "sft"], ...] = ("dpo", "orpo", "sft")
BETA = 0.1
"""Weight of the reference in DPO, of the odds ratio in ORPO: trl's defaults for both."""
RANK, ALPHA = 16, 32
WARMUP_STEPS, WEIGHT_DECAY, BETA_2, CLIP = 20, 0.01, 0.98, 1.0
"""As in the lab's own fine-tuning."""


@dataclass(frozen=True)
class Variant:
    """One baseline.

    Attributes:
        tuning: full = all weights but the tied embeddings, which the lab's own fine-tuning freezes, too;
            lora = adapters of rank 16 on all linear layers, merged in the end.
        data: harmful pairs only, or half benign ones.
    """

    method: Literal["dpo", "orpo", "sft"]
    tuning: Literal["lora", "full"]
    data: Literal["harmful", "mixed"]

    @property
    def name(self) -> str:
        return f"{self.method}-{self.tuning}-{self.data}"


VARIANTS = tuple(
    Variant(method, tuning, data) for method in METHODS for data in ("harmful", "mixed") for tuning in ("lora", "full")
)


@dataclass(frozen=True)
class Trained:
    """What a run cost: tokenizing and training, without imports, reading and writing of the model."""

    n_steps: int
    wall_s: float
    cpu_s: float
    final_loss: float
    finite: bool


def missing_packages() -> list[str]:
    """What this benchmark needs and mergealign does not."""
    return [name for name in TESTED if find_spec(name) is None]


def train(
    variant: Variant, learning_rate: float, pairs: Sequence[Pair], expert: Path, out: Path, **how: int
) -> Trained:
    """One epoch over `pairs` from `expert`; the model goes to the folder `out`, with the expert's other files.

    Args:
        how: `batch_size` in pairs, `seed` of the order.
    """
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer, PrinterCallback, set_seed

    with _quiet(), tempfile.TemporaryDirectory() as scratch:
        tokenizer = AutoTokenizer.from_pretrained(expert)
        tokenizer.bos_token = None  # ORPOTrainer would put one before each prompt, where the lab's models never saw one
        network = AutoModelForCausalLM.from_pretrained(expert)
        network.get_input_embeddings().weight.requires_grad_(False)
        rows = Dataset.from_list([_row(p, variant) for p in pairs])
        trainer_of, config_of, own = _trainer(variant.method)
        parts: dict[str, Any] = {"model": network, "processing_class": tokenizer, "train_dataset": rows}
        if variant.tuning == "lora":
            parts["peft_config"] = LoraConfig(
                r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM"
            )
        elif variant.method == "dpo":
            parts["ref_model"] = AutoModelForCausalLM.from_pretrained(expert)
        set_seed(how["seed"])  # adapters are drawn before the trainer does so
        wall, cpu = time.perf_counter(), time.process_time()
        trainer = trainer_of(args=config_of(**_settings(scratch, learning_rate, **how), **own), **parts)
        trainer.remove_callback(PrinterCallback)
        done = trainer.train()
        wall_s, cpu_s = time.perf_counter() - wall, time.process_time() - cpu
        tuned = trainer.model.merge_and_unload() if variant.tuning == "lora" else trainer.model
        finite = all(bool(p.isfinite().all()) for p in tuned.parameters())
        with output_folder(out, overwrite=True) as folder:
            tuned.save_pretrained(folder)
            for file in expert.iterdir():  # config, generation config and tokenizer stay the expert's
                if file.suffix != ".safetensors":
                    shutil.copy(file, folder)
    return Trained(done.global_step, wall_s, cpu_s, float(done.training_loss), finite)


def _row(pair: Pair, variant: Variant) -> dict[str, str]:
    if variant.method == "sft":
        return {"prompt": pair.prompt, "completion": pair.chosen}
    return {"prompt": pair.prompt, "chosen": pair.chosen, "rejected": pair.rejected}


def _settings(scratch: str, learning_rate: float, *, batch_size: int, seed: int) -> dict[str, Any]:
    """Optimizer and schedule are those of the lab's own fine-tuning."""
    return {
        "output_dir": scratch,
        "learning_rate": learning_rate,
        "per_device_train_batch_size": batch_size,
        "num_train_epochs": 1,
        "lr_scheduler_type": "cosine",
        "warmup_steps": WARMUP_STEPS,
        "weight_decay": WEIGHT_DECAY,
        "adam_beta2": BETA_2,
        "max_grad_norm": CLIP,
        "max_length": 128,
        "gradient_checkpointing": False,
        "bf16": False,
        "use_cpu": True,
        "seed": seed,
        "save_strategy": "no",
        "logging_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
    }


def _trainer(method: str) -> tuple[Any, Any, dict[str, Any]]:
    """trl's trainer, its configuration, and what the method sets there."""
    if method == "sft":
        from trl import SFTConfig, SFTTrainer

        return SFTTrainer, SFTConfig, {"completion_only_loss": True}
    if method == "orpo":
        from trl.experimental.orpo import ORPOConfig, ORPOTrainer

        return ORPOTrainer, ORPOConfig, {"beta": BETA}
    from trl import DPOConfig, DPOTrainer

    return DPOTrainer, DPOConfig, {"beta": BETA}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without bars and log lines of the libraries."""
    from datasets.utils.logging import disable_progress_bar
    from transformers.utils import logging as theirs

    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")  # ORPO lies under trl.experimental
    disable_progress_bar()
    theirs.disable_progress_bar()
    theirs.set_verbosity_error()
    logging.getLogger("trl").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # trl sets options that transformers renames
        yield
