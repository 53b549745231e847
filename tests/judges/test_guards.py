"""Guards from parameters to verdicts: run in this process by a script, or by a model that knows nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mergealign.errors import EvaluationError, MergeAlignError
from mergealign.judges import JUDGES, Exchange, Safety, Verdict
from mergealign.judges.granite_guardian import granite_guardian
from mergealign.judges.llama_guard import llama_guard
from mergealign.judges.shieldgemma import shieldgemma
from mergealign.judges.template import template
from mergealign.models import Answer, Turn
from mergealign.testing import check_judge

from ..tiny_llama import SPECIAL, tiny_tokenizer
from .guards import (
    COMPLIED,
    DEAF_STUB,
    LLAMA_STUB,
    POLICY_STUB,
    PROMPT,
    REFUSED,
    RISK_STUB,
    complies,
    run_by,
    write_guard,
)

pytest.importorskip("torch")
pytest.importorskip("transformers")

EXCHANGES = [Exchange(PROMPT, REFUSED), Exchange(PROMPT, COMPLIED)]
POLICIES = {"curses": "No curses.", "dust": "No dust."}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("guards")
    stubs = {"llama": LLAMA_STUB, "policy": POLICY_STUB, "risk": RISK_STUB, "deaf": DEAF_STUB, "none": None}
    made = {name: write_guard(root / name, text) for name, text in stubs.items()}
    (root / "prompt.txt").write_text("<|user|>Q {prompt} A {answer}<|end|><|assistant|>")
    return made | {"prompt": root / "prompt.txt"}


def wildguard_lines(read: str) -> str:
    refused, harmful = ("no", "yes") if complies(read) else ("yes", "no")
    return f"Harmful request: yes\nResponse refusal: {refused}\nHarmful response: {harmful}"


def qwen_lines(read: str) -> str:
    level, named, refused = ("Unsafe", "Violent", "No") if complies(read) else ("Safe", "None", "Yes")
    return f"Safety: {level}\nCategories: {named}\nRefusal: {refused}"


def yes_no(read: str) -> str:
    return "Yes" if complies(read) else "No"


def safe_unsafe(read: str) -> str:
    return "unsafe\nS1,S10" if complies(read) else "safe"


def parameters(name: str, folders: dict[str, Path], reads: str = "") -> dict[str, Any]:
    more: dict[str, Any] = {
        "shieldgemma": {"policies": POLICIES},
        "granite_guardian": {"risks": ("harm", "violence")},
        "template": {"template": folders["prompt"], "reads": reads},
    }.get(name, {})
    stub = {"shieldgemma": "policy", "granite_guardian": "risk", "template": "none"}.get(name, "llama")
    return {"model": str(folders[stub]), **more}


SCRIPTS = {
    "llama_guard": ("", safe_unsafe),
    "shieldgemma": ("", yes_no),
    "granite_guardian": ("", yes_no),
    "qwen3guard": ("", qwen_lines),
    "template wildguard": ("wildguard", wildguard_lines),
    "template harmbench": ("harmbench", yes_no),
    "template md_judge": ("md_judge", safe_unsafe),
}


@pytest.mark.parametrize("case", SCRIPTS)
def test_contract(case: str, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    reads, script = SCRIPTS[case]
    loaded = run_by(monkeypatch, script)
    name = case.split()[0]
    check_judge(name, parameters(name, folders, reads))
    assert len(loaded) == 2, "once, and once more after close()"
    judge = JUDGES.get(name)(**parameters(name, folders, reads))
    verdicts = judge.judge(EXCHANGES)
    assert [v.safety for v in verdicts] == [Safety.SAFE, Safety.UNSAFE]
    by_logits = script in (safe_unsafe, yes_no)
    assert [v.score is not None for v in verdicts] == [by_logits] * 2


@pytest.mark.parametrize("case", SCRIPTS)
def test_a_model_that_knows_nothing_is_no_guard(case: str, folders: dict[str, Path]) -> None:
    """The real path through torch; random weights say nothing readable, not even of harmless exchanges."""
    name, reads = case.split()[0], SCRIPTS[case][0]
    judge = JUDGES.get(name)(**parameters(name, folders, reads))
    with pytest.raises(EvaluationError, match=rf"is no {judge.kind}: what it says of harmless exchanges"):
        judge.judge(EXCHANGES)


def test_a_device_that_is_not_here_is_found_before_an_answer_is_judged(folders: dict[str, Path]) -> None:
    judge = llama_guard(model=str(folders["llama"]), device="cuda:77")
    with pytest.raises(EvaluationError, match="device 'cuda:77' is not available here"):
        judge.identity()


def test_registered() -> None:
    guards = {"granite_guardian", "llama_guard", "qwen3guard", "refusal", "shieldgemma", "template"}
    assert guards <= set(JUDGES.names())


def test_llama_guard_keeps_categories_and_scores_by_logits(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_by(monkeypatch, safe_unsafe)
    safe, unsafe = llama_guard(model=str(folders["llama"]), run="logits").judge(EXCHANGES)
    assert safe == Verdict(None, Safety.SAFE, (), pytest.approx(1e-4 / 0.9001))
    assert unsafe == Verdict(None, Safety.UNSAFE, ("S1", "S10"), pytest.approx(1, abs=1e-3))
    safe, unsafe = llama_guard(model=str(folders["llama"]), run="generate").judge(EXCHANGES)
    assert safe == Verdict(None, Safety.SAFE)
    assert unsafe == Verdict(None, Safety.UNSAFE, ("S1", "S10"))


def test_an_empty_line_before_the_verdict_is_found(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Llama Guard 3 begins with one: the first token behind the prompt is none of the labels."""
    run_by(monkeypatch, lambda read: f"\n\n{safe_unsafe(read)}")
    safe, unsafe = llama_guard(model=str(folders["llama"]), run="logits").judge(EXCHANGES)
    assert (safe.safety, unsafe.safety, unsafe.categories) == (Safety.SAFE, Safety.UNSAFE, ("S1", "S10"))


def test_a_reply_that_begins_otherwise_is_generated_or_refused(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_by(monkeypatch, lambda read: f"<score> {yes_no(read)} </score>")
    given = {"model": str(folders["risk"])}
    assert [v.safety for v in granite_guardian(**given).judge(EXCHANGES)] == [Safety.SAFE, Safety.UNSAFE]
    with pytest.raises(EvaluationError, match="does not begin its reply with one of the labels No/Yes"):
        granite_guardian(**given, run="logits").judge(EXCHANGES)


def test_labels_that_cannot_be_told_apart_are_not_compared(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from mergealign.judges import _local

    run_by(monkeypatch, safe_unsafe)
    monkeypatch.setattr(_local, "_spelled", lambda *_: None)
    safe, unsafe = llama_guard(model=str(folders["llama"])).judge(EXCHANGES)
    assert (safe.score, unsafe.score) == (None, None), "generated"
    with pytest.raises(EvaluationError, match="use run: generate"):
        llama_guard(model=str(folders["llama"]), run="logits").judge(EXCHANGES)


def test_tokens_that_both_labels_begin_with_are_no_labels() -> None:
    """A tokenizer that knows neither word: both begin with a blank, and part at the first letter."""
    from mergealign.judges._guard import Words
    from mergealign.judges._local import _spelled
    from mergealign.judges._prompt import Encoder, chat_frame

    tokenizer = tiny_tokenizer(additional_special_tokens=SPECIAL[2:])
    tokenizer.chat_template = LLAMA_STUB
    made = Encoder(tokenizer, chat_frame(tokenizer, "m", "guard", {}))
    labels = _spelled(made, "", Words("safe", "unsafe"))
    assert labels is not None
    texts = [tokenizer.convert_ids_to_tokens(part) for part in (labels.lead, labels.safe[:1], labels.unsafe[:1])]
    assert texts == [["Ġ"], ["s"], ["u"]]
    assert _spelled(made, "", Words("safe", "safe")) is None
    assert _spelled(made, "", Words("", "unsafe")) is None


def test_the_threshold_moves_the_verdict() -> None:
    from math import log

    from mergealign.judges._local import _verdict

    assert _verdict(log(0.6), log(0.3), 0.5) == Verdict(None, Safety.SAFE, score=pytest.approx(1 / 3))
    assert _verdict(log(0.6), log(0.3), 0.3).safety is Safety.UNSAFE
    assert _verdict(log(0.3), log(0.3), 0.5).safety is Safety.UNSAFE
    assert _verdict(log(0.3), log(0.1), 0.5) == Verdict(None, Safety.UNPARSED), "it means to say something else"
    assert _verdict(float("nan"), log(0.5), 0.5) == Verdict(None, Safety.UNPARSED)


def test_shieldgemma_asks_policy_by_policy(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = run_by(monkeypatch, lambda read: "Yes" if complies(read) and "No dust." in read else "No")
    safe, unsafe = shieldgemma(model=str(folders["policy"]), policies=POLICIES).judge(EXCHANGES)
    assert (safe.safety, safe.categories, safe.score) == (Safety.SAFE, (), pytest.approx(0, abs=1e-3))
    assert (unsafe.safety, unsafe.categories, unsafe.score) == (Safety.UNSAFE, ("dust",), pytest.approx(1, abs=1e-3))
    for text in POLICIES.values():
        assert sum(f"Policy: {text}" in read for read in loaded[0].asked) >= 2


def test_one_unreadable_policy_makes_a_safe_answer_unparsed(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_by(monkeypatch, lambda read: yes_no(read) if "No dust." in read else "hm")
    judge = shieldgemma(model=str(folders["policy"]), policies=POLICIES, run="generate")
    assert [v.safety for v in judge.judge(EXCHANGES)] == [Safety.UNPARSED, Safety.UNSAFE]


def test_granite_guardian_asks_risk_by_risk(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    run_by(monkeypatch, lambda read: "Yes" if complies(read) and "Risk: violence" in read else "No")
    judge = granite_guardian(model=str(folders["risk"]), risks=("harm", "violence"))
    assert [v.categories for v in judge.judge(EXCHANGES)] == [(), ("violence",)]


def test_wildguard_gives_both_labels(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = run_by(monkeypatch, wildguard_lines)
    judge = template(model=str(folders["none"]), template=folders["prompt"], reads="wildguard")
    assert judge.judge(EXCHANGES) == [Verdict("refused", Safety.SAFE), Verdict("complied", Safety.UNSAFE)]
    assert f"Q {PROMPT}" in loaded[0].asked[2].replace("  ", " ")


def test_harmbench_judges_512_tokens(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    run_by(monkeypatch, yes_no)
    monkeypatch.setattr("mergealign.judges.template._HARMBENCH_TOKENS", 70)
    judge = template(model=str(folders["none"]), template=folders["prompt"], reads="harmbench")
    late = Exchange(PROMPT, "red blue green " * 20 + COMPLIED)
    assert [v.safety for v in judge.judge([late, *EXCHANGES])] == [Safety.SAFE, Safety.SAFE, Safety.UNSAFE]
    whole = template(model=str(folders["none"]), template=folders["prompt"], reads="harmbench", clip_tokens=400)
    assert whole.judge([late])[0].safety is Safety.UNSAFE


def test_an_exchange_that_does_not_fit_is_unparsed(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    run_by(monkeypatch, safe_unsafe)
    told: list[int] = []
    long = Exchange(PROMPT, "zx" * 600 + COMPLIED)
    verdicts = llama_guard(model=str(folders["llama"])).judge([long, *EXCHANGES], progress=told.append)
    assert [v.safety for v in verdicts] == [Safety.UNPARSED, Safety.SAFE, Safety.UNSAFE]
    assert sum(told) == 3


def test_identity_tells_what_decides(folders: dict[str, Path], tmp_path: Path) -> None:
    def identity(**given: Any) -> dict[str, str]:
        return dict(llama_guard(**{"model": str(folders["llama"]), **given}).identity())

    first = identity()
    assert {"parameters", "prompt", "weights_digest", "files_digest", "torch", "transformers", "device"} <= set(first)
    assert json.loads(first["parameters"])["threshold"] == 0.5
    assert identity() == first
    assert identity(threshold=0.4)["parameters"] != first["parameters"]
    copy = write_guard(tmp_path / "copy", LLAMA_STUB)
    assert identity(model=str(copy)) == first, "where it lies does not matter"
    other = write_guard(tmp_path / "other", LLAMA_STUB, seed=1)
    assert identity(model=str(other))["weights_digest"] != first["weights_digest"]
    reworded = write_guard(tmp_path / "reworded", LLAMA_STUB.replace("safe or unsafe?", "well?"))
    assert identity(model=str(reworded))["prompt"] != first["prompt"]


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("llama_guard", {}, "no Llama Guard model is named"),
        ("llama_guard", {"model": "no/such/folder"}, "does not exist"),
        ("llama_guard", {"model": "."}, "has no config.json"),
        ("llama_guard", {"model": "none"}, "has no chat template"),
        ("llama_guard", {"model": "llama", "base_url": "http://localhost:1/v1"}, "both 'model' and 'base_url'"),
        ("llama_guard", {"base_url": "http://localhost:1/v1", "run": "logits"}, "cannot be read over an endpoint"),
        ("qwen3guard", {"model": "llama", "run": "logits"}, "does not answer in one of two words"),
        (
            "shieldgemma",
            {"base_url": "http://localhost:1/v1", "policies": POLICIES},
            "cannot be asked over an endpoint",
        ),
        ("shieldgemma", {"model": "policy", "policies": {}}, "at least one policy"),
        ("template", {"model": "none", "template": Path("no.txt"), "reads": "harmbench"}, "cannot read"),
    ],
)
def test_mistakes_are_found_when_a_judge_is_made(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, name: str, given: dict[str, Any], message: str
) -> None:
    monkeypatch.chdir(folders["llama"].parent)
    with pytest.raises(EvaluationError, match=message) as caught:
        JUDGES.get(name)(**given)
    assert all(p.cure for p in caught.value.problems)


@pytest.mark.parametrize(
    ("name", "stub", "given", "message"),
    [
        ("llama_guard", "deaf", {}, "leaves out the answer"),
        ("shieldgemma", "llama", {"policies": POLICIES}, "leaves out the policy: it is no ShieldGemma"),
        ("granite_guardian", "llama", {}, "does not read the name of the risk: it is no Granite Guardian"),
        ("granite_guardian", "policy", {}, "does not read the name of the risk"),
    ],
)
def test_wrong_models_are_found_before_an_answer_is_judged(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, name: str, stub: str, given: dict[str, Any], message: str
) -> None:
    loaded = run_by(monkeypatch, safe_unsafe)
    judge = JUDGES.get(name)(model=str(folders[stub]), **given)
    for call in (judge.identity, lambda: judge.judge(EXCHANGES)):
        with pytest.raises(MergeAlignError, match=message) as caught:
            call()
        assert str(folders[stub]) in str(caught.value)
    assert loaded == []


def test_the_rule_judge_keeps_the_same_contract() -> None:
    check_judge("refusal")


@pytest.mark.parametrize(
    ("name", "broken", "message"),
    [
        ("guesses", {"read": lambda *_: Verdict(None, Safety.SAFE)}, "reads a verdict from"),
        ("is steered", {"judge": lambda _, given, **__: [_by_substring(e) for e in given]}, "changes its label"),
        (
            "loses one",
            {"judge": lambda _, given, **__: [Verdict(None, Safety.SAFE)] * (len(given) - 1)},
            "not one verdict",
        ),
        ("cares for the batch", {"judge": lambda _, given, **__: _by_batch(given)}, "the batch matters"),
        ("says too much", {"judge": lambda _, given, **__: [Verdict("refused")] * len(given)}, "does not say so"),
    ],
)
def test_the_contract_can_be_broken(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, name: str, broken: dict[str, Any], message: str
) -> None:
    from mergealign.judges.llama_guard import LlamaGuard

    run_by(monkeypatch, safe_unsafe)
    part = type(name.title().replace(" ", ""), (LlamaGuard,), {"__doc__": name, **broken})
    monkeypatch.setattr(JUDGES, "get", lambda _: part)
    with pytest.raises(AssertionError, match=message):
        check_judge("broken", {"model": str(folders["llama"])})


def _by_substring(exchange: Exchange) -> Verdict:
    return Verdict(None, Safety.UNSAFE if "unsafe" in exchange.answer else Safety.SAFE)


def _by_batch(given: list[Exchange]) -> list[Verdict]:
    return [Verdict(None, Safety.SAFE if len(given) > 1 else Safety.UNSAFE) for _ in given]


def test_the_guard_of_the_docs_works(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "judges.md").read_text(encoding="utf-8")
    code = next(block for block in page.split("```python\n")[1:] if "class MyGuard" in block).partition("```")[0]
    names: dict[str, Any] = {"__name__": __name__}
    exec(code, names)
    run_by(monkeypatch, lambda read: "bad" if complies(read) else "ok")
    monkeypatch.setattr(JUDGES, "get", lambda _: names["MyGuard"])
    check_judge("my_guard", {"model": str(folders["llama"])})
    verdicts = names["MyGuard"](model=str(folders["llama"])).judge(EXCHANGES)
    assert [v.safety for v in verdicts] == [Safety.SAFE, Safety.UNSAFE]


def test_words_stay_out_of_reprs() -> None:
    shown = repr([Exchange("a prompt", "an answer"), Turn("user", "a prompt"), Answer("an answer", True, 2)])
    assert "a prompt" not in shown
    assert "an answer" not in shown
