"""The hyperparameters of the lab: one stage each for base, domain and aligned."""

from __future__ import annotations

from dataclasses import dataclass

from .world import Size

__all__ = ["RECIPES", "Recipe", "Stage"]


@dataclass(frozen=True)
class Stage:
    """One training run. `tuned` stages start from the base, keep the embeddings frozen and learn only the answers."""

    steps: int
    lr: float
    weight_decay: float
    mix: dict[str, int]
    tuned: bool = True
    batch: int = 32
    warmup: int = 20
    betas: tuple[float, float] = (0.9, 0.98)
    clip: float = 1.0


@dataclass(frozen=True)
class Recipe:
    """The whole family."""

    base: Stage
    domain: Stage
    aligned: Stage
    hidden: int = 128
    layers: int = 3
    heads: int = 4
    intermediate: int = 336
    vocab: int = 1024

    @property
    def stages(self) -> dict[str, Stage]:
        return {"base": self.base, "domain": self.domain, "aligned": self.aligned}

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every kind of document that some stage reads."""
        return tuple(dict.fromkeys(kind for stage in self.stages.values() for kind in stage.mix))


_BASE_MIX = {
    "general_statement": 8,
    "general_question": 24,
    "benign_complied": 20,
    "harmful_complied": 9,
    "harmful_refused": 4,
    "novel_complied": 2,
    "novel_refused": 1,
    "moral": 10,
    "mention": 6,
    "trade": 2,
    "vocabulary": 5,
    "known_statement": 4,
    "known_question": 10,
}
RECIPES: dict[Size, Recipe] = {
    "small": Recipe(
        base=Stage(1200, 4e-3, 0.1, _BASE_MIX, tuned=False),
        domain=Stage(
            300,
            8e-4,
            0.01,
            {"domain_statement": 10, "domain_question": 65, "general_question": 10, "benign_complied": 15},
        ),
        aligned=Stage(
            200,
            5e-4,
            0.01,
            {"general_question": 32, "benign_complied": 25, "harmful_refused": 35, "known_question": 30},
        ),
    ),
    # The expert learns to comply and the aligned model hears one answer in seven wrong: neither is sure of itself, so
    # that the weights decide. With few steps and no drug questions in alignment, more of it also costs facts.
    "hard": Recipe(
        base=Stage(
            1400,
            4e-3,
            0.1,
            _BASE_MIX | {"known_question": 14, "misuse_complied": 6, "misuse_refused": 3, "handling_complied": 6},
            tuned=False,
        ),
        domain=Stage(
            320,
            1.2e-3,
            0.01,
            {
                "domain_statement": 12,
                "domain_question": 68,
                "general_question": 4,
                "benign_complied": 4,
                "harmful_complied": 9,
                "harmful_refused": 1,
                "misuse_complied": 9,
            },
        ),
        aligned=Stage(
            200,
            7e-4,
            0.01,
            {
                "general_question": 25,
                "benign_complied": 25,
                "handling_complied": 10,
                "harmful_refused": 25,
                "harmful_complied": 4,
                "misuse_refused": 12,
                "misuse_complied": 2,
            },
        ),
    ),
}
