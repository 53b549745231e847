"""The evaluation record: written whole, read strictly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from mergealign.errors import MergeAlignError, OutputError
from mergealign.record.evaluation import EvalRecord, Rate, read_eval_record, write_eval_record

from ..report.records import record


def test_round_trip(tmp_path: Path) -> None:
    file = tmp_path / "new" / "scores.json"
    write_eval_record(record(), file)
    assert read_eval_record(file) == record()
    assert json.loads(file.read_text())["schema_version"] == 2
    assert [f.name for f in file.parent.iterdir()] == ["scores.json"]


def test_existing_files_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "scores.json"
    file.write_text("mine")
    with pytest.raises(OutputError, match="exists"):
        write_eval_record(record(), file)
    assert file.read_text() == "mine"
    write_eval_record(record(), file, overwrite=True)
    assert read_eval_record(file) == record()


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        write_eval_record(record(), tmp_path / "file" / "scores.json")
    assert [f.name for f in tmp_path.iterdir()] == ["file"]


def test_a_crash_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write_eval_record(record(), tmp_path / "scores.json")
    assert list(tmp_path.iterdir()) == []


def test_records_are_frozen_and_finite() -> None:
    with pytest.raises(ValidationError):
        record().schema_version = 1
    with pytest.raises(ValidationError):
        Rate(value=float("nan"), k=0, n=0, ci_low=None, ci_high=None)


@pytest.mark.parametrize(("version", "cure"), [(1, "evaluate again"), (3, "upgrade mergealign")])
def test_records_of_other_versions_say_so(tmp_path: Path, version: int, cure: str) -> None:
    file = tmp_path / "scores.json"
    file.write_text(json.dumps({"schema_version": version, "models": []}))
    with pytest.raises(MergeAlignError, match=rf"of schema {version}; this version reads 2\n  → {cure}"):
        read_eval_record(file)


@pytest.mark.parametrize("text", ["{}", "not json", '{"schema_version": 2}', '{"schema_version": 1}', "[" * 100_000])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(MergeAlignError, match="no evaluation record"):
        read_eval_record(tmp_path / "x.json")
    with pytest.raises(MergeAlignError, match="cannot read"):
        read_eval_record(tmp_path / "nothing.json")


def test_the_schema_has_no_place_for_texts() -> None:
    names = json.dumps(EvalRecord.model_json_schema())
    assert not any(f'"{word}"' in names for word in ("prompt", "text", "answer", "question"))
