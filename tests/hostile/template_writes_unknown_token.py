"""A chat template that ends its turns with a token which the tokenizer does not have: the chat would never stop."""

from __future__ import annotations

from pathlib import Path

from ._craft import change_json

EXPECT = ("<|gone|>", "does not have")
ROLE = "aligned"


def attack(folder: Path) -> None:
    template = "{{ messages }}{{ eos_token }}"
    change_json(folder, "tokenizer_config.json", eos_token="<|gone|>", chat_template=template)
