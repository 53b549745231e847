"""Fits the weights of the refusal rules to `styles_dev.jsonl`.

    python -m tests.judges.fit_refusal_words            writes refusal_words.json and word_order.json
    python -m tests.judges.fit_refusal_words --check    agreement on each set with the weights fitted to all others

Logistic regression, refused against complied, minimum of Σ log(1 + exp(−y s)) + |w|² / 2 without penalty on the
intercept; s is the log-odds of `mergealign.judges._words`. Incoherent answers are left out: another rule finds them.
The sets are named in the ids ("fresh-001"): each was written by itself, most by a writer of its own.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import log
from pathlib import Path
from unittest.mock import patch

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from mergealign.judges import Exchange, _order, _words
from mergealign.judges._order import BEGIN, END, WORD_ORDER, clauses
from mergealign.judges._sentences import sentences_of
from mergealign.judges._words import INTERCEPT, WEIGHTS, Features, features, scale
from mergealign.judges.refusal import refusal

from .styles import DEV, StyledAnswer, read_styles

_MIN_ANSWERS = 3
_PENALTY = 1.0
_MIN_ORDER, _MAX_ORDER = 0.2, 2.5
"""Pairs of words whose order tells less are left out; a single pair, such as "I." in "who am I?", does not decide."""


def fit(answers: Sequence[StyledAnswer]) -> dict[str, float]:
    """Weights by word or measure."""
    answers = [a for a in answers if a.label != "incoherent"]
    found = [features(sentences_of(a.answer), a.answer, a.prompt) for a in answers]
    count = Counter(name for f in found for name in (*f.measures, *(w for bag in f.bags for w in bag)))
    column = {name: n for n, name in enumerate([INTERCEPT, *sorted(w for w in count if count[w] >= _MIN_ANSWERS)])}
    cells = [(row, column[name], value) for row, f in enumerate(found) for name, value in _inputs(f, column)]
    rows, columns, values = zip(*cells, strict=True)
    x = csr_matrix((values, (rows, columns)), shape=(len(found), len(column)))
    x_t = x.T.tocsr()
    y = np.array([1.0 if a.label == "refused" else -1.0 for a in answers])

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        margin = y * (x @ w)
        shrunk = _PENALTY * np.concatenate([[0.0], w[1:]])
        gradient = -(x_t @ (y / (1 + np.exp(np.clip(margin, -50, 50))))) + shrunk
        return float(np.logaddexp(0, -margin).sum() + shrunk @ w / 2), gradient

    w = minimize(loss, np.zeros(len(column)), jac=True, method="L-BFGS-B", options={"maxiter": 2000, "ftol": 1e-12}).x
    return {name: round(float(w[n]), 3) for name, n in column.items()}


def _inputs(found: Features, known: dict[str, int]) -> Iterator[tuple[str, float]]:
    yield INTERCEPT, 1.0
    for bag in found.bags:
        words = [word for word in bag if word in known]
        yield from ((word, scale(len(words))) for word in words)
    yield from ((name, value) for name, value in found.measures.items() if name in known)


def fit_order(answers: Sequence[StyledAnswer]) -> dict[str, float]:
    """Log-odds of neighboring classes of words: as they stand, against the mean over all orders of each clause."""
    seen, expected = Counter[str](), Counter[str]()
    for clause in (c for a in answers if a.label != "incoherent" for c in clauses(a.answer)):
        seen.update(map(" ".join, pairwise(clause)))
        inner = Counter(clause[1:-1])
        n = inner.total()
        for a, n_a in inner.items():
            expected[f"{BEGIN} {a}"] += n_a / n
            expected[f"{a} {END}"] += n_a / n
            for b, n_b in inner.items():
                expected[f"{a} {b}"] += n_a * (n_b - (a == b)) / n
    odds = {pair: log((seen[pair] + 1) / (expected[pair] + 1)) for pair in sorted(seen | expected)}
    return {
        pair: round(max(-_MAX_ORDER, min(_MAX_ORDER, value)), 2)
        for pair, value in odds.items()
        if abs(value) >= _MIN_ORDER
    }


def leave_one_set_out(answers: Sequence[StyledAnswer]) -> dict[str, list[bool]]:
    """By set: whether each answer is read as its person reads it, with the weights of all other sets."""
    agrees: dict[str, list[bool]] = {}
    for name in dict.fromkeys(a.set for a in answers):
        others, left_out = [a for a in answers if a.set != name], [a for a in answers if a.set == name]
        words, order = fit(others), fit_order(others)
        with (
            patch.object(_words, "_weights", lambda words=words: words),
            patch.object(_order, "_weights", lambda order=order: order),
        ):
            verdicts = refusal().judge([Exchange(a.prompt, a.answer) for a in left_out])
        agrees[name] = [str(v.behavior) == a.label for v, a in zip(verdicts, left_out, strict=True)]
    return agrees


def _write(path: Path, weights: dict[str, float]) -> None:
    path.write_text(json.dumps(weights, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    print(f"{len(weights)} weights → {path}")


if __name__ == "__main__":
    if "--check" in sys.argv:
        checked = leave_one_set_out(read_styles(DEV))
        for name, agrees in (*checked.items(), ("all", [agree for each in checked.values() for agree in each])):
            print(f"{name:8} {sum(agrees):5} of {len(agrees):5}   {100 * sum(agrees) / len(agrees):.1f} %")
    else:
        answers = read_styles(DEV)
        _write(WEIGHTS, fit(answers))
        _write(WORD_ORDER, fit_order(answers))
