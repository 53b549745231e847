"""The output folder: refusals, the lock, and what is removed when a search begins anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from mergealign.errors import OutputError
from mergealign.tradeoff.place import Place, check_place, open_place


def begun(out: Path) -> Path:
    """A folder with what a search leaves, and a file of the user's."""
    (out / "merged").mkdir(parents=True)
    for name in ("study.journal", "study.json", "merged/config.json", ".cache.sqlite", "notes.txt"):
        (out / name).write_text("{}")
    return out


def test_new_and_empty_folders_are_free(tmp_path: Path) -> None:
    check_place(Place(tmp_path / "new" / "deep"), [], resume=False, overwrite=False)
    check_place(Place(tmp_path), [], resume=False, overwrite=False)
    assert not (tmp_path / "new").exists()


def test_a_search_is_not_replaced_without_being_asked(tmp_path: Path) -> None:
    out = begun(tmp_path / "out")
    with pytest.raises(OutputError, match="holds a search"):
        check_place(Place(out), [], resume=False, overwrite=False)
    with open_place(Place(out), [], resume=True, overwrite=False):
        assert Place(out).journal.exists()


def test_overwriting_removes_what_a_search_wrote_and_nothing_else(tmp_path: Path) -> None:
    out = begun(tmp_path / "out")
    with open_place(Place(out), [], resume=False, overwrite=True):
        assert [f.name for f in out.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_of_something_else_is_never_taken(overwrite: bool, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds no search"):
        check_place(Place(tmp_path), [], resume=False, overwrite=overwrite)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="is not a folder"):
        check_place(Place(tmp_path / "file"), [], resume=True, overwrite=overwrite)


def test_inputs_are_no_outputs(tmp_path: Path) -> None:
    for out, source in (
        (tmp_path / "m", tmp_path / "m"),
        (tmp_path / "m" / "out", tmp_path / "m"),
        (tmp_path, tmp_path / "m"),
    ):
        with pytest.raises(OutputError, match="overlaps the input"):
            check_place(Place(out), [source], resume=False, overwrite=True)


def test_a_lab_may_lie_beside(tmp_path: Path) -> None:
    (tmp_path / "lab" / "base").mkdir(parents=True)
    place = Place(tmp_path, beside=("lab",))
    check_place(place, [tmp_path / "lab" / "base"], resume=False, overwrite=False)
    with pytest.raises(OutputError, match="overlaps the input"):
        check_place(place, [tmp_path / "merged"], resume=False, overwrite=False)


def test_one_search_at_a_time(tmp_path: Path) -> None:
    out = begun(tmp_path / "out")
    with (
        open_place(Place(out), [], resume=True, overwrite=False),
        pytest.raises(OutputError, match="another search is running"),
        open_place(Place(out), [], resume=False, overwrite=True),
    ):
        pass
    assert (out / "study.journal").exists()
    with open_place(Place(out), [], resume=True, overwrite=False):
        pass
