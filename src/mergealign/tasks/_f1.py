"""F1 scores over classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

__all__ = ["weighted_f1"]


def weighted_f1(n_pairs: Mapping[tuple[int, int], int]) -> float:
    """F1 per class, averaged with the classes' shares of the right answers as weights; in [0, 1].

    F1 of class c = 2 tp / (2 tp + fp + fn).

    Args:
        n_pairs: how many items there are of each pair (right class, predicted class); at least one.
    """
    n_right: Counter[int] = Counter()
    n_predicted: Counter[int] = Counter()
    for (right, predicted), n in n_pairs.items():
        n_right[right] += n
        n_predicted[predicted] += n
    f1 = {c: 2 * n_pairs.get((c, c), 0) / (n_right[c] + n_predicted[c]) for c in n_right}
    return sum(n * f1[c] for c, n in n_right.items()) / n_right.total()
