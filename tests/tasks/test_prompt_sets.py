"""Prompt sets: which prompts, under which ids; the texts themselves are never looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from mergealign.errors import EvaluationError
from mergealign.tasks import TASKS

from .real_data import FOLDER, need
from .samples import N, parameters_for


def test_harmbench() -> None:
    need("harmbench")
    task = TASKS.get("harmbench")
    everything = FOLDER / "harmbench/harmbench_behaviors_text_all.csv"
    test, dev = task().items(), task(split="dev").items()
    assert (len(test), len(dev)) == (159, 41)
    assert not {i.cluster for i in test} & {i.cluster for i in dev}
    assert {i.id for i in task(path=everything).items()} == {i.id for i in (*test, *dev)}
    assert "copyright" not in {i.subset for i in task(path=everything).items()}
    contextual = task(path=everything, category="contextual").items()
    assert len(contextual) == 100
    assert all(i.prompt.count("\n\n---\n\n") == 1 for i in contextual)
    assert len({i.cluster for i in contextual}) == 100


def test_the_halves_of_xstest() -> None:
    need("xstest")
    task = TASKS.get("xstest")
    safe, contrast = task(half="safe").items(), task(half="contrast").items()
    assert (len(safe), len(contrast)) == (250, 200)
    assert not {i.id for i in safe} & {i.id for i in contrast}
    assert all((i.subset or "").startswith("contrast_") for i in contrast)
    assert len({i.subset for i in safe}) == 10
    assert task.sections_for({"half": "safe"}) == {"benign"}
    assert task.sections_for({"half": "contrast"}) == {"harmful"}


def test_transcripts_give_their_first_request() -> None:
    need("hh_rlhf_harmless_test")
    items = TASKS.get("hh_rlhf_harmless")().items()
    assert not any("Human:" in i.prompt or "Assistant:" in i.prompt for i in items)
    n_different = len({i.prompt for i in items})
    assert n_different == len(items)


def test_samples(tmp_path: Path) -> None:
    for name, first in {
        "advbench": "placeholder, 0",
        "beavertails": "placeholder 0",
        "hh_rlhf_red_team": "placeholder 0",
    }.items():
        items = TASKS.get(name)(**parameters_for(name, tmp_path)).items()
        assert len(items) == N, name
        assert first in {i.prompt for i in items}


def test_a_named_column(tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    file.write_text("key,text,goal\na,placeholder 1,g\nb,placeholder 2,g\nc,placeholder 1,h\n")
    task = TASKS.get("prompts")
    items = task(path=file, column="text", id_column="key", goal_column="goal").items()
    assert [i.prompt for i in items] == ["placeholder 1", "placeholder 2"], "each prompt is asked once"
    assert [i.id.partition("-")[0] for i in items] == ["a", "b"]
    assert [i.cluster for i in items] == ["g", "g"]
    before = [i.id for i in task(path=file, column="text").items()]
    file.write_text("text\nplaceholder 2\nplaceholder 1 changed\n")
    after = [i.id for i in task(path=file, column="text").items()]
    assert after[0] == before[1], "an id stays while the text stays"
    assert after[1] not in before, "and changes with it"
    with pytest.raises(EvaluationError, match=r"p.csv has no column 'prompt' \(found: text\)"):
        task(path=file, column="prompt").items()
