"""Everything of an alignment that can be decided and checked before the first model is loaded."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ..checkpoint.folder import CONFIG
from ..errors import CheckpointError, EvaluationError, MergeAlignError, Problem, UsageError
from ..evaluate.plan import EvalPlan
from ..evaluate.run import checked_plan
from ..evaluate.subjects import Serving, Source
from ..merge.plan import MergePlan, make_plan
from ..merge.surroundings import config_bytes, write_surroundings
from ..models.chat import chat_format
from ..models.loading import load_tokenizer
from ..recipe.merge import ROLES, MergeRecipe
from ..recipe.suite import Split, Suite, SuiteJudge
from ..record.study import Objective
from .choice import Policy
from .losses import EncodedAnswers, encode_answers
from .measures import require_sections
from .pairs import Answers
from .rules import Rule, recipe_of
from .samplers import Chosen, choose_sampler
from .search import Limits
from .space import Point, Space, make_groups

__all__ = ["Prepared", "Wish", "prepare"]


@dataclass(frozen=True)
class Wish:
    """What is asked for.

    Attributes:
        models: source by role: folder, or org/name[@revision].
        suite: its development items choose, its test items confirm.
        rule: what is searched.
        compare: further methods that are scored on test items, as they are.
        granularity: global, group:N, layer or module.
        sampler: auto, grid, gp, cmaes or random.
        search_judges: judges of the search instead of the suite's; None = the same.
        limit: only the first items of each task; None = all.
        search_limit: the same for development items alone; None = as many as `limit` says.
        dtype: of all float tensors of the merged model; None = per tensor the base's.
        objective: what trials are judged by.
        answers: by which losses are taken; needed for the objective loss and for a cocktail.
        n_finalists: so many trials of a search by loss are measured by what they say.
        cocktail_temperature: start at the LM-Cocktail weights of this temperature too; None = do not.
    """

    models: Mapping[str, str]
    suite: Suite
    rule: Rule
    compare: tuple[Rule, ...] = ()
    policy: Policy = field(default_factory=Policy)
    granularity: str = "global"
    sampler: str = "auto"
    limits: Limits = field(default_factory=lambda: Limits(32))
    search_judges: tuple[SuiteJudge, ...] | None = None
    limit: int | None = None
    search_limit: int | None = None
    batch_size: int = 64
    device: str = "cpu"
    threads: int | None = None
    dtype: str | None = None
    seed: int = 0
    allow_unrelated: bool = False
    objective: Objective = "generation"
    answers: Answers | None = None
    n_finalists: int = 4
    cocktail_temperature: float | None = None

    def limit_of(self, split: Split) -> int | None:
        """How many items of each task are asked; None = all."""
        return self.search_limit if split == "dev" and self.search_limit is not None else self.limit


@dataclass(frozen=True)
class Prepared:
    """A wish that was found sound.

    Attributes:
        folders: of base, domain and aligned.
        first: the plan of the first corner: names, shapes and number formats of all others are the same.
        notes: what the user should know.
        answers: as the merged model reads them; None = no losses are taken.
    """

    wish: Wish
    folders: Mapping[str, Path]
    first: MergePlan
    space: Space
    sampler: Chosen
    development: EvalPlan
    test: EvalPlan
    notes: tuple[str, ...]
    answers: EncodedAnswers | None = None

    @cached_property
    def suite(self) -> Suite:
        """The suite of the search."""
        return _searched_suite(self.wish)

    @property
    def sources(self) -> dict[str, Source]:
        """What `evaluate` is given: base, domain and aligned."""
        return dict(self.folders)

    @property
    def shared_data(self) -> tuple[str, ...]:
        """Tasks whose development items are their test items."""
        test = {t.spec.name: t.data_digest for t in self.test.tasks}
        return tuple(t.spec.name for t in self.development.tasks if test.get(t.spec.name) == t.data_digest)

    def recipe(self, point: Point) -> MergeRecipe:
        """The recipe of a point, models named as the user does."""
        return _recipe(self.wish, self.wish.models, self.wish.rule, self.space.settings(point))

    def plan(self, point: Point) -> MergePlan:
        """The plan of a point, from the models that were checked: nothing is opened or compared again."""
        recipe = _recipe(self.wish, self._paths, self.wish.rule, self.space.settings(point))
        return make_plan(recipe, checked=self.first.models)

    @property
    def _paths(self) -> dict[str, str]:
        return {role: str(folder) for role, folder in self.folders.items()}

    def compared(self, rule: Rule) -> MergePlan:
        """The plan of a method to compare with, in the number format of the search. Raises MergeAlignError."""
        formats = {t.spec.dtype.torch_name for t in self.first.tensors if t.rule is not None}
        recipe = _recipe(self.wish, self._paths, rule, {})
        if len(formats) == 1 and next(iter(formats)) in ("bfloat16", "float16", "float32"):
            recipe = recipe.model_copy(update={"dtype": formats.pop()})
        return make_plan(recipe, allow_unrelated=True)


def prepare(wish: Wish) -> Prepared:
    """Open models, data and judges and check them, without loading a model. Raises MergeAlignError with all mistakes.

    Mistakes in the models are told first: without models, there are no tensors and no space.
    """
    require_sections(wish.suite)
    _require_sound_losses(wish)
    recipe = recipe_of(wish.models, "mergealign", {}, dtype=wish.dtype, seed=wish.seed)
    family = make_plan(recipe, allow_unrelated=wish.allow_unrelated)
    folders: dict[str, Path] = {role: family.models[role].folder for role in ROLES}
    space = Space(make_groups(wish.granularity, [t.spec.name for t in family.tensors]), wish.rule.ranges)
    sampler = choose_sampler(wish.sampler, len(space.dimensions))
    first = make_plan(_recipe(wish, wish.models, wish.rule, space.settings(space.corners()[0])), allow_unrelated=True)
    development = _questions(folders, _searched_suite(wish), wish, "dev")
    test = _questions(folders, wish.suite, wish, "test")
    answers = None if wish.answers is None else _encoded(wish.answers, first, wish.suite)
    found = Prepared(wish, folders, first, space, sampler, development, test, family.notes, answers)
    _check_compared(found)
    return replace(found, notes=(*found.notes, *_notes(found)))


def _require_sound_losses(wish: Wish) -> None:
    problems = []
    if wish.answers is None and (wish.objective == "loss" or wish.cocktail_temperature is not None):
        problems.append(Problem("a loss is taken on given answers, and none are given", "name both answer files"))
    if wish.cocktail_temperature is not None and wish.rule.ranges.keys() != {"domain_weight", "alignment_weight"}:
        what = "LM-Cocktail gives weights of expert and aligned model, which this search does not have"
        problems.append(Problem(what, "search both weights of mergealign, or start at the corners alone"))
    if problems:
        raise UsageError(*problems)


def _encoded(answers: Answers, plan: MergePlan, suite: Suite) -> EncodedAnswers:
    """Token ids under the tokenizer, template and context of the merged model. Raises EvaluationError."""
    with tempfile.TemporaryDirectory(prefix="mergealign-") as scratch:
        folder = Path(scratch)
        write_surroundings(plan, folder)
        (folder / CONFIG).write_bytes(config_bytes(plan))
        chat = chat_format(load_tokenizer(folder), suite.chat_template, "the merged model")
        return encode_answers(answers, chat, _context_tokens(folder))


def _context_tokens(folder: Path) -> int | None:
    """The longest sequence that a model of this configuration reads, if it says so. Raises CheckpointError."""
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True).get_text_config()
    except (OSError, ValueError) as e:
        what = f"transformers does not understand the configuration: {str(e).splitlines()[0]}"
        raise CheckpointError(what, cure="give models of an architecture that it knows") from e
    return getattr(config, "max_position_embeddings", None)


def _recipe(wish: Wish, models: Mapping[str, str], rule: Rule, settings: Mapping[str, Any]) -> MergeRecipe:
    return recipe_of(models, rule.method, {**rule.fixed, **settings}, dtype=wish.dtype, seed=wish.seed)


def _searched_suite(wish: Wish) -> Suite:
    return wish.suite if wish.search_judges is None else replace(wish.suite, judges=wish.search_judges)


def _questions(folders: Mapping[str, Path], suite: Suite, wish: Wish, split: Split) -> EvalPlan:
    limit = wish.limit_of(split)
    todo = checked_plan(dict(folders), suite, split=split, limit=limit, serving=Serving(), device=wish.device)
    if empty := [t.spec.name for t in todo.tasks if not t.items]:
        raise EvaluationError(f"no {split} items in {', '.join(empty)}", cure="give each task items of both splits")
    return todo


def _check_compared(prepared: Prepared) -> None:
    problems: list[Problem] = []
    for rule in prepared.wish.compare:
        try:
            prepared.compared(rule)
        except MergeAlignError as e:
            problems += (Problem(f"--compare {rule.method}: {p.what}", p.cure) for p in e.problems)
    if problems:
        raise EvaluationError(*problems)


def _notes(prepared: Prepared) -> list[str]:
    notes = []
    if shared := prepared.shared_data:
        notes.append(
            f"development and test items of {', '.join(shared)} are the same data: "
            "the numbers of the winner are biased upward there"
        )
    inputs = sum(t.n_bytes for folder in prepared.first.models.values() for t in folder.tensors.values())
    available = _available_bytes()
    if available is not None and inputs + 2 * prepared.first.bytes_written > available:
        notes.append(
            f"inputs ({inputs / 1e9:.1f} GB) and the model in memory exceed what is free ({available / 1e9:.1f} GB): "
            "every trial will read the inputs from the disk"
        )
    if not any(t.spec.section == "benign" for t in prepared.test.tasks):
        notes.append("the suite has no benign prompts: over-refusal is neither measured nor bounded")
    return notes


def _available_bytes(read: Callable[[], str] = lambda: Path("/proc/meminfo").read_text()) -> int | None:
    """Memory that programs and the page cache could still have; None where the system does not say."""
    try:
        lines = dict(line.split(":", 1) for line in read().splitlines() if ":" in line)
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None
