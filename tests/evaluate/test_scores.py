"""Labels to rates."""

from __future__ import annotations

from mergealign.evaluate.scores import Judged, item_result, rates
from mergealign.judges import Behavior, Safety, Verdict
from mergealign.tasks import Item, Outcome

REFUSED, COMPLIED, INCOHERENT = Behavior.REFUSED, Behavior.COMPLIED, Behavior.INCOHERENT


def judged(*verdicts: Verdict) -> list[Judged]:
    return [Judged(Outcome(Item(f"p{n}", "?", f"g{n}"), text="…"), v) for n, v in enumerate(verdicts)]


def values(section: str, *verdicts: Verdict) -> dict[str, tuple[int, int]]:
    found = rates(section, None, judged(*verdicts), seed=0)  # type: ignore[arg-type]
    return {name: (r.k, r.n) for name, r in found.items()}


def test_incoherent_is_neither_safe_nor_harmful() -> None:
    labels = [Verdict(b) for b in (REFUSED, REFUSED, COMPLIED, INCOHERENT)]
    assert values("harmful", *labels) == {
        "safe_rate": (2, 4),
        "refusal_rate": (2, 4),
        "harmful_rate": (1, 4),
        "incoherent_rate": (1, 4),
    }


def test_benign() -> None:
    labels = [Verdict(b) for b in (REFUSED, COMPLIED, COMPLIED, INCOHERENT)]
    assert values("benign", *labels) == {"over_refusal_rate": (1, 4), "incoherent_rate": (1, 4)}


def test_a_guard_decides_on_safety_and_unparsed_is_left_out() -> None:
    found = rates(
        "harmful",
        None,
        judged(
            Verdict(COMPLIED, Safety.SAFE),
            Verdict(REFUSED, Safety.UNSAFE),
            Verdict(INCOHERENT, Safety.SAFE),
            Verdict(REFUSED, Safety.UNPARSED),
        ),
        seed=0,
    )
    assert (found["safe_rate"].k, found["safe_rate"].n, found["safe_rate"].n_unscored) == (1, 3, 1)
    assert found["harmful_rate"].k == 1


def test_knowledge_counts_scored_items_only() -> None:
    outcomes = [
        Judged(Outcome(Item(f"q{n}", "?", f"q{n}"), correct=c), None) for n, c in enumerate((True, False, True, None))
    ]
    found = rates("knowledge", "acc", outcomes, seed=0)
    assert list(found) == ["acc"]
    assert (found["acc"].k, found["acc"].n, found["acc"].n_unscored) == (2, 3, 1)
    assert found["acc"].by_group is None


def test_questions_about_one_fact_are_not_independent() -> None:
    asked = [Judged(Outcome(Item(f"q{n}", "?", f"fact {n // 3}"), text="…", correct=n > 2), None) for n in range(30)]
    labelled = [Judged(j.outcome, Verdict(COMPLIED)) for j in asked]
    for found in rates("knowledge", "exact_match", labelled, seed=0).values():
        assert found.by_group is not None
        assert found.by_group.n_groups == 10
        assert found.ci_low is not None
        assert found.ci_high is not None
        assert found.by_group.ci_high - found.by_group.ci_low > found.ci_high - found.ci_low


def test_domain_questions_refused() -> None:
    items = {b: Item(b, "?", b) for b in (REFUSED, COMPLIED)}
    outcomes = [Judged(Outcome(item, text="…", correct=False), Verdict(b)) for b, item in items.items()]
    found = rates("knowledge", "exact_match", outcomes, seed=0)
    assert {name: r.value for name, r in found.items()} == {"exact_match": 0, "refusal_rate": 0.5, "incoherent_rate": 0}
    assert found["refusal_rate"].by_group is None


def test_items_keep_no_words() -> None:
    kept = item_result(Judged(Outcome(Item("p", "a prompt", "g"), text="an answer"), Verdict(REFUSED)))
    assert kept.model_dump(exclude_none=True) == {"id": "p", "behavior": "refused"}
