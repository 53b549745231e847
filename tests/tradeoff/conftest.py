"""A family of tiny models and a suite with development and test items."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ..tiny_llama import PROMPTS, QUESTIONS, write_jsonl, write_suite
from .families import write_family


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Tiny models are faster so, on busy cores by far."""
    import torch

    n = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n)


@dataclass(frozen=True)
class Family:
    """Folders by role, the suite, and two answer files beside it. Tests only read them."""

    folders: dict[str, Path]
    suite: Path

    @property
    def safety_answers(self) -> Path:
        return self.suite.parent / "data/safety_answers.jsonl"

    @property
    def expert_answers(self) -> Path:
        return self.suite.parent / "data/expert_answers.jsonl"


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Family:
    root = tmp_path_factory.mktemp("tradeoff")
    suite = write_suite(root)
    for name in ("domain", "harmful", "benign"):
        rows = (root / f"data/{name}_test.jsonl").read_text()
        (root / f"data/{name}_dev.jsonl").write_text(rows.replace("lamp", "desk"))
    found = Family(write_family(root), suite)
    wanted = [{"prompt": p["prompt"], "answer": ("No.", "Sure, take paint.")[n % 2]} for n, p in enumerate(PROMPTS)]
    write_jsonl(found.safety_answers, wanted)
    write_jsonl(found.expert_answers, [{"prompt": q["question"], "answer": q["answer"]} for q in QUESTIONS])
    return found
