"""MMLU: the subjects, and how their files are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from . import Item
from ._choice import LETTERS, ChoiceTask, lettered
from ._dataset import Benchmark
from ._rows import Row, identity
from ._source import Source

__all__ = ["BUSINESS", "MEDICAL", "SUBJECTS", "MmluTask", "subject_sources"]

MEDICAL = (
    "anatomy",
    "clinical_knowledge",
    "college_biology",
    "college_medicine",
    "medical_genetics",
    "professional_medicine",
)
BUSINESS = (
    "business_ethics",
    "econometrics",
    "high_school_macroeconomics",
    "high_school_microeconomics",
    "management",
    "marketing",
    "professional_accounting",
)
SUBJECTS = (
    *MEDICAL,
    *BUSINESS,
    "abstract_algebra",
    "astronomy",
    "college_chemistry",
    "college_computer_science",
    "college_mathematics",
    "college_physics",
    "computer_security",
    "conceptual_physics",
    "electrical_engineering",
    "elementary_mathematics",
    "formal_logic",
    "global_facts",
    "high_school_biology",
    "high_school_chemistry",
    "high_school_computer_science",
    "high_school_european_history",
    "high_school_geography",
    "high_school_government_and_politics",
    "high_school_mathematics",
    "high_school_physics",
    "high_school_psychology",
    "high_school_statistics",
    "high_school_us_history",
    "high_school_world_history",
    "human_aging",
    "human_sexuality",
    "international_law",
    "jurisprudence",
    "logical_fallacies",
    "machine_learning",
    "miscellaneous",
    "moral_disputes",
    "moral_scenarios",
    "nutrition",
    "philosophy",
    "prehistory",
    "professional_law",
    "professional_psychology",
    "public_relations",
    "security_studies",
    "sociology",
    "us_foreign_policy",
    "virology",
    "world_religions",
)
"""All 57."""

_SPLITS = {"test": ("test", "test"), "dev": ("val", "validation")}  # split → (in our file names, in the Hub's)


def subject_sources(subjects: Sequence[str], split: str) -> tuple[Source, ...]:
    """One file per subject: `mmlu/anatomy_test.csv`, or `anatomy/test-00000-of-00001.parquet` of cais/mmlu."""
    ours, theirs = _SPLITS[split]
    return tuple(
        Source(
            f"mmlu/{s}_{ours}.csv",
            "cais/mmlu",
            f"{s}/{theirs}-00000-of-00001.parquet",
            "https://github.com/hendrycks/test",
        )
        for s in subjects
    )


class MmluTask(ChoiceTask, Benchmark):
    """Rows with `question`, `choice0` … `choice3` (or a list `choices`) and `answer`, an index from 0."""

    sections: ClassVar[frozenset[str]] = frozenset({"knowledge", "general"})
    origin: ClassVar[str] = "github.com/hendrycks/test, MIT; Hub copy cais/mmlu"
    columns: ClassVar[tuple[str, ...]] = ("question", "answer")

    def rows(self, file: Path) -> Sequence[Row]:
        """The rows of one subject, which is named by a column (Hub) or by the file: `anatomy_test.csv`."""
        subject = file.name.removesuffix(".csv").removesuffix("_test").removesuffix("_val")
        return [replace(row, values={"subject": subject, **row.values}) for row in super().rows(file)]

    def item(self, row: Row) -> Item:
        options = row.texts("choices") if "choices" in row.values else tuple(row.text(f"choice{n}") for n in range(4))
        subject, prompt = row.text("subject"), lettered(row.text("question"), options)
        id_ = identity(f"mmlu-{subject}", prompt)
        letters = tuple(LETTERS[: len(options)])
        return Item(
            id_, prompt, id_, choices=letters, target=letters[row.index("answer", len(options))], subset=subject
        )
