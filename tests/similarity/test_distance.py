"""The measures, against numbers worked out by hand."""

from __future__ import annotations

import json
import math

import pytest

from mergealign.similarity.distance import Distance, total

FAR = Distance(2, 2, aa=25.0, bb=100.0, ab=48.0, dd=29.0, largest=5.0)  # (3, 4) → (8, 6)


def test_by_hand() -> None:
    assert FAR.relative_norm == math.sqrt(29) / 5
    assert FAR.cosine == 48 / 50
    assert FAR.share_changed == 1.0


@pytest.mark.parametrize(
    ("distance", "norm", "cosine"),
    [
        (Distance(3, 0, aa=2.0, bb=2.0, ab=2.0, dd=0.0, largest=0.0), 0.0, 1.0),
        (Distance(3, 0, aa=0.0, bb=0.0, ab=0.0, dd=0.0, largest=0.0), 0.0, None),
        (Distance(3, 1, aa=0.0, bb=4.0, ab=0.0, dd=4.0, largest=2.0), None, None),
        (Distance(3, 1, aa=4.0, bb=0.0, ab=0.0, dd=4.0, largest=2.0), 1.0, None),
        (Distance(3, 1, n_non_finite_b=1, aa=4.0, bb=math.nan, ab=math.nan, dd=math.nan), None, None),
        (Distance(3, 1), None, None),
        (Distance(), None, None),
    ],
    ids=["same", "zeros", "from zero", "to zero", "not finite", "integers", "nothing"],
)
def test_where_a_measure_does_not_exist(distance: Distance, norm: float | None, cosine: float | None) -> None:
    assert (distance.relative_norm, distance.cosine) == (norm, cosine)
    json.dumps(distance.describe(), allow_nan=False)


def test_what_changed_and_has_no_norm_ranks_first() -> None:
    assert Distance(3, 1).rank == math.inf
    assert Distance(3, 0).rank == 0.0
    assert FAR.rank == FAR.relative_norm


def test_total_leaves_out_what_was_not_measured_but_counts_it() -> None:
    whole = total([FAR, FAR, Distance(10, 1, n_non_finite_a=3)])
    assert (whole.n_elements, whole.n_changed, whole.n_non_finite_a) == (14, 5, 3)
    assert whole.relative_norm == math.sqrt(58) / math.sqrt(50)
    assert whole.largest == 5.0
    assert total([]).relative_norm is None
    assert total([Distance(10, 1)]).relative_norm is None
