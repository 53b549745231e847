"""What a chat template tells."""

from __future__ import annotations

import pytest

from mergealign.errors import EvaluationError
from mergealign.models.chat import chat_format

from ..tiny_llama import SPECIAL, TEMPLATE, tiny_tokenizer

LLAMA2 = (
    "{% for m in messages %}{% if m['role'] == 'user' %}{{ '<|user|> ' + m['content'] + ' <|assistant|>' }}"
    "{% else %}{{ ' ' + m['content'] + ' <|endoftext|>' }}{% endif %}{% endfor %}"
)
ENDLESS = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\\n' }}{% endfor %}"


@pytest.mark.parametrize(
    ("template", "lead", "stop"), [(TEMPLATE, "", "<|end|>"), (LLAMA2, " ", "<|endoftext|>"), (ENDLESS, "", None)]
)
def test_lead_and_stop_are_read_from_the_template(template: str, lead: str, stop: str | None) -> None:
    chat = chat_format(tiny_tokenizer(), template, "m")
    assert (chat.lead, chat.stop) == (lead, None if stop is None else SPECIAL.index(stop))


def test_the_template_is_applied_once_and_writes_the_only_bos() -> None:
    tokenizer = tiny_tokenizer(bos_token="<|pad|>")
    chat = chat_format(tokenizer, "<|pad|>" + TEMPLATE, "m")
    assert chat.render("hi") == "<|pad|><|user|>hi<|end|><|assistant|>"
    ids = chat.encode(chat.render("hi"))
    assert [ids.count(SPECIAL.index(t)) for t in ("<|pad|>", "<|user|>", "<|assistant|>")] == [1, 1, 1]


def test_the_tokenizers_own_template_is_the_default() -> None:
    assert chat_format(tiny_tokenizer(chat_template=TEMPLATE), None, "m").template == TEMPLATE
    assert chat_format(tiny_tokenizer(chat_template=ENDLESS), TEMPLATE, "m").template == TEMPLATE


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (None, "no chat template"),
        ("{{ nothing.at.all }}", "cannot be rendered"),
        ("{% for", "cannot be rendered"),
        ("always the same", "leaves out the assistant"),
    ],
)
def test_bad_templates(template: str | None, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        chat_format(tiny_tokenizer(), template, "some/model")
