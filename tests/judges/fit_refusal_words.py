"""Fits the word weights of the refusal rules to `styles_dev.jsonl`.

    python -m tests.judges.fit_refusal_words        writes src/mergealign/judges/refusal_words.json

Logistic regression, refused against complied, minimum of Σ log(1 + exp(−y s)) + |w|² / 2 without penalty on the
intercept; s is the log-odds of `mergealign.judges._words`. Incoherent answers are left out: another rule finds them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from mergealign.judges._sentences import sentences_of
from mergealign.judges._words import WEIGHTS, known_words, scale

from .styles import DEV, StyledAnswer, read_styles

_MIN_ANSWERS = 3
_PENALTY = 1.0


def fit(answers: Sequence[StyledAnswer]) -> dict[str, float]:
    """Weights by word; the intercept is the word ""."""
    answers = [a for a in answers if a.label != "incoherent"]
    bags = [known_words(sentences_of(a.answer), a.prompt) for a in answers]
    count = Counter(word for bag in bags for word in bag)
    column = {word: n for n, word in enumerate(["", *sorted(w for w in count if count[w] >= _MIN_ANSWERS)])}
    x = np.zeros((len(bags), len(column)))
    x[:, 0] = 1
    for row, bag in zip(x, bags, strict=True):
        known = [column[word] for word in bag if word in column]
        row[known] = scale(len(known))
    y = np.array([1.0 if a.label == "refused" else -1.0 for a in answers])

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        margin = y * (x @ w)
        shrunk = _PENALTY * np.concatenate([[0.0], w[1:]])
        gradient = -(x.T @ (y / (1 + np.exp(np.clip(margin, -50, 50))))) + shrunk
        return float(np.logaddexp(0, -margin).sum() + shrunk @ w / 2), gradient

    w = minimize(loss, np.zeros(len(column)), jac=True, method="L-BFGS-B", options={"maxiter": 2000, "ftol": 1e-12}).x
    return {word: round(float(w[n]), 3) for word, n in column.items()}


if __name__ == "__main__":
    weights = fit(read_styles(DEV))
    WEIGHTS.write_text(json.dumps(weights, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    print(f"{len(weights) - 1} words and pairs → {WEIGHTS}")
