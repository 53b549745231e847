"""The tokenizer: nothing is lost, turns are single tokens, the template renders what training rendered."""

from __future__ import annotations

import random
from typing import Any

import pytest

from mergealign.lab.corpus import Document, draw
from mergealign.lab.recipe import RECIPES
from mergealign.lab.tokenizer import (
    ASSISTANT,
    CHAT_TEMPLATE,
    END_OF_DOCUMENT,
    END_OF_TURN,
    USER,
    fast_tokenizer,
    render,
    train_tokenizer,
)
from mergealign.lab.world import build_world


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    pytest.importorskip("tokenizers")
    documents = draw(build_world(0, "small"), dict.fromkeys(RECIPES["small"].kinds, 1), 3000, random.Random(0))
    return train_tokenizer(map(render, documents), 1024)


def test_vocabulary_has_the_size_asked_for(tokenizer: Any) -> None:
    assert tokenizer.get_vocab_size() == 1024


@pytest.mark.parametrize("text", ["Name the color of the lamp.", "naïve Übung 漢字 🙂\n\ttab", "  two  spaces "])
def test_text_comes_back(tokenizer: Any, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text).ids).removeprefix(" ") == text.removeprefix(" ")


def test_turn_markers_are_one_token_each_and_vanish_from_answers(tokenizer: Any) -> None:
    for marker in (USER, ASSISTANT, END_OF_TURN, END_OF_DOCUMENT):
        assert tokenizer.encode(marker).ids == [tokenizer.token_to_id(marker)]
    assert tokenizer.decode(tokenizer.encode(f"red{END_OF_TURN}{END_OF_DOCUMENT}").ids).strip() == "red"


def test_an_answer_has_the_tokens_it_has_inside_a_sentence(tokenizer: Any) -> None:
    inside, answer = tokenizer.encode("It is migraine").tokens, tokenizer.encode(f"{ASSISTANT}migraine").tokens
    assert inside[-len(answer) + 1 :] == answer[1:]


def test_template_renders_what_training_saw(tokenizer: Any) -> None:
    pytest.importorskip("transformers")
    chat = fast_tokenizer(tokenizer, chat=True)
    turns = [{"role": "user", "content": "How do I paint the lamp?"}, {"role": "assistant", "content": "Sure."}]
    document = render(Document("How do I paint the lamp?", "Sure."))
    assert chat.apply_chat_template(turns, tokenize=False) + END_OF_DOCUMENT == document
    prompt = chat.apply_chat_template(turns[:1], tokenize=False, add_generation_prompt=True)
    assert document.startswith(prompt)


def test_only_the_chat_tokenizer_ships_the_template(tokenizer: Any) -> None:
    pytest.importorskip("transformers")
    plain, chat = fast_tokenizer(tokenizer, chat=False), fast_tokenizer(tokenizer, chat=True)
    assert (plain.chat_template, chat.chat_template) == (None, CHAT_TEMPLATE)
    assert (plain.eos_token, chat.eos_token) == (END_OF_DOCUMENT, END_OF_TURN)
    assert plain.get_vocab() == chat.get_vocab()
