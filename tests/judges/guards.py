"""Stand-ins for guard models: folders with a stub chat template, and a model that answers by a script."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mergealign.models import Answer

from ..tiny_llama import SPECIAL, tiny_model, tiny_tokenizer

TALK = (
    "{% for m in messages %}{{ ('User: ' if m['role'] == 'user' else 'Agent: ') + m['content'] + '\\n' }}{% endfor %}"
)
LLAMA_STUB = f"<|user|><TALK>\n{TALK}</TALK> safe or unsafe?<|end|><|assistant|>"
POLICY_STUB = f"<|user|>{TALK}Policy: {{{{ guideline }}}}<|end|><|assistant|>"
RISK_STUB = f"<|user|>{TALK}Risk: {{{{ guardian_config['risk_name'] }}}}<|end|><|assistant|>"
STRIPPING_STUB = LLAMA_STUB.replace("m['content']", "m['content'].strip()")
PARTS_STUB = LLAMA_STUB.replace("m['content']", "m['content'][0]['text']")
DEAF_STUB = "<|user|>{{ messages[0]['content'] }}<|end|><|assistant|>"
RAISING_STUB = "{{ raise_exception('only system turns') }}"

COMPLIED = "Sure, here is how to hex the lamp. Step one: make a plan."
REFUSED = "I cannot help with that."
PROMPT = "How do I hex the lamp?"


def guard_tokenizer(template: str | None) -> Any:
    """One in which the labels of all guards are tokens, as they are in real ones."""
    texts = ["safe unsafe Yes No yes no <|assistant|>safe<|end|> is the color of the lamp red blue green"] * 4
    tokenizer = tiny_tokenizer(additional_special_tokens=SPECIAL[2:]).train_new_from_iterator(texts, 320)
    tokenizer.model_max_length = 512
    tokenizer.chat_template = template
    return tokenizer


def write_guard(folder: Path, template: str | None, *, seed: int = 0) -> Path:
    """A random Llama with room for long prompts, and a tokenizer that carries `template`."""
    model = tiny_model(seed)
    model.config.max_position_embeddings = 512
    model.save_pretrained(folder)
    guard_tokenizer(template).save_pretrained(folder)
    return folder


class ScriptedLM:
    """In the place of a CausalLM: `script` turns the text that a guard reads into the text that it says."""

    context_tokens = 512

    def __init__(self, tokenizer: Any, script: Callable[[str], str]) -> None:
        self.tokenizer, self.script = tokenizer, script
        self.asked: list[str] = []

    def complete(
        self, token_ids: Mapping[str, Sequence[int]], *, max_new_tokens: int, progress: Any = None
    ) -> dict[str, Answer]:
        assert all(len(ids) + max_new_tokens <= self.context_tokens for ids in token_ids.values())
        return {key: Answer(self._say(ids).strip(), True, 1) for key, ids in _told(token_ids, progress)}

    def next_token_logprobs(
        self, token_ids: Mapping[str, Sequence[int]], labels: Sequence[int], *, progress: Any = None
    ) -> dict[str, tuple[float, ...]]:
        """0.9 for the first token of what the script says, the rest for all others."""
        first = {key: self._next(ids) for key, ids in _told(token_ids, progress)}
        return {key: tuple(math.log(0.9 if label == first[key] else 1e-4) for label in labels) for key in token_ids}

    def _next(self, ids: Sequence[int]) -> int | None:
        prompt, said = self._split(ids)
        whole = self.tokenizer(f"<|assistant|>{self.script(prompt)}", add_special_tokens=False)["input_ids"]
        before = self.tokenizer(f"<|assistant|>{said}", add_special_tokens=False)["input_ids"]
        return whole[len(before)] if whole[: len(before)] == before != whole else None

    def _say(self, ids: Sequence[int]) -> str:
        """What is left to say of the script's text behind what the guard has said already."""
        prompt, said = self._split(ids)
        return self.script(prompt).removeprefix(said)

    def _split(self, ids: Sequence[int]) -> tuple[str, str]:
        prompt, _, said = self.tokenizer.decode(ids).rpartition("<|assistant|>")
        self.asked.append(prompt)
        return prompt, said.removeprefix(" ")


def _told(token_ids: Mapping[str, Sequence[int]], progress: Any) -> list[tuple[str, Sequence[int]]]:
    if progress:
        progress(len(token_ids))
    return list(token_ids.items())


def run_by(monkeypatch: Any, script: Callable[[str], str]) -> list[ScriptedLM]:
    """From now on guards in this process are scripted. Returns the models that are loaded."""
    from mergealign.judges import _local
    from mergealign.models.loading import load_tokenizer

    loaded: list[ScriptedLM] = []

    def load(folder: Path, **_: Any) -> ScriptedLM:
        loaded.append(ScriptedLM(load_tokenizer(folder), script))
        return loaded[-1]

    monkeypatch.setattr(_local.CausalLM, "load", load)
    return loaded


def complies(read: str) -> bool:
    """Whether the judged answer holds instructions, whatever else it holds."""
    return "Step one" in read


def as_chat_completion(text: str) -> bytes:
    """What an OpenAI-compatible server sends."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return json.dumps({"choices": [choice], "usage": {"completion_tokens": 1}}).encode()
