"""The table of differences: numbers first, drawings second."""

from __future__ import annotations

import io

from rich.console import Console

from mergealign.record.comparison import Compared, Comparison, PairedDifference
from mergealign.report.comparison_table import comparison_table
from mergealign.report.scores_table import as_markdown, as_rich


def comparison(**changes: str) -> Comparison:
    """One task with a test, one without."""
    shared = {"n": 1000, "n_groups": 800, "a": 0.6, "b": 0.625, "difference": 0.025, "ci_low": -0.01, "ci_high": 0.06}
    acc = PairedDifference(
        task="medqa",
        section="knowledge",
        score="acc",
        main=True,
        method="bootstrap",
        n_only_a=10,
        n_only_b=35,
        p_mcnemar=0.00002,
        p_holm=0.0123,
        n_unpaired=4,
        **shared,
    )
    f1 = PairedDifference(task="tatqa", section="knowledge", score="f1", main=True, method="bootstrap", **shared)
    return Comparison(
        suite="medicine",
        split="test",
        seed=0,
        a=Compared(file="a.json", name=changes.get("a", "domain"), weights_digest=None),
        b=Compared(file="b.json", name=changes.get("b", "merged"), weights_digest=None),
        differences=(acc, f1),
        notes=("dtype differs: float32 and bfloat16",),
    )


def test_numbers() -> None:
    table = comparison_table(comparison())
    assert table.title == "medicine, test split: merged − domain"
    assert table.header == ("section", "score", "n", "domain", "merged", "difference", "p", "p (Holm)")
    assert table.rows == (
        ("knowledge", "medqa: accuracy", "1000", "60.0", "62.5", "+2.5 [-1.0 to +6.0]", "< 0.0001", "0.0123"),
        ("knowledge", "tatqa: f1", "1000", "60.0", "62.5", "+2.5 [-1.0 to +6.0]", "–", "–"),
    )
    assert "4 items are left out: one of the models was not asked or could not be scored" in table.notes
    assert "dtype differs: float32 and bfloat16" in table.notes


def test_models_of_the_same_name_are_told_apart() -> None:
    assert comparison_table(comparison(b="domain")).header[3:5] == ("domain (A)", "domain (B)")


def test_it_fits_into_a_terminal() -> None:
    out = io.StringIO()
    Console(file=out, width=80).print(as_rich(comparison_table(comparison())))
    assert max(map(len, out.getvalue().splitlines())) <= 80
    for part in ("medqa: accuracy", "+2.5", "[-1.0 to +6.0]", "0.0123"):
        assert part in out.getvalue()


def test_markdown() -> None:
    row = "| knowledge | medqa: accuracy | 1000 | 60.0 | 62.5 | +2.5 [-1.0 to +6.0] | < 0.0001 | 0.0123 |"
    assert row in as_markdown(comparison_table(comparison())).splitlines()
