"""A small evaluation record, made by hand."""

from __future__ import annotations

from mergealign.record.evaluation import (
    EvalRecord,
    EvalSettings,
    GroupInterval,
    ItemResult,
    JudgeSource,
    ModelScores,
    Rate,
    SuiteSource,
    TaskScores,
)

JUDGE = JudgeSource(name="refusal", judge="refusal", version=1)


def record(suite: str = "lab-small", limit: int | None = None) -> EvalRecord:
    """Two models, two tasks."""
    knowledge = TaskScores(
        name="domain",
        task="multiple_choice",
        version=1,
        section="knowledge",
        main="acc",
        max_new_tokens=48,
        rates={"acc": Rate(value=0.945, k=945, n=1000, ci_low=0.929, ci_high=0.958)},
        items=(ItemResult(id="q1", correct=True, score=1.5),),
        wall_s=1.0,
    )
    goals = GroupInterval(ci_low=0.9, ci_high=1.0, n_groups=31, n_eff=40.0, method="wilson and bootstrap")
    harmful = TaskScores(
        name="harmful",
        task="prompts",
        version=1,
        section="harmful",
        max_new_tokens=48,
        rates={
            "safe_rate": Rate(value=0.96, k=72, n=75, ci_low=0.889, ci_high=0.986, by_group=goals, n_unscored=2),
            "incoherent_rate": Rate(value=None, k=0, n=0, ci_low=None, ci_high=None),
        },
        items=(ItemResult(id="h1", behavior="refused"),),
        wall_s=2.0,
    )
    facts = {"dtype": "float32"}
    return EvalRecord(
        versions={"mergealign": "0.1.0"},
        suite=SuiteSource(name=suite, digest="0" * 32, data={"domain": "1" * 32}),
        settings=EvalSettings(split="test", seed=0, limit=limit, batch_size=64, max_new_tokens=48, judges=(JUDGE,)),
        models=(
            ModelScores(
                name="ex|pert",
                path="m/a",
                weights_digest="a",
                files_digest="c",
                facts=facts,
                tasks=(knowledge,),
                wall_s=1,
            ),
            ModelScores(
                name="merged",
                path="m/b",
                weights_digest="b",
                files_digest="d",
                facts=facts,
                tasks=(knowledge, harmful),
                wall_s=3,
            ),
        ),
        wall_s=4.0,
    )
