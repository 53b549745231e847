"""`python -m tests.hostile NAME DIR` writes an attacked checkpoint; without arguments, the list of ideas."""

from __future__ import annotations

import sys
from pathlib import Path

from ..conftest import TOKENIZER_FILES, random_tensors, write_model
from ._attacks import ATTACKS, load


def main(arguments: list[str]) -> int:
    if len(arguments) != 2 or arguments[0] not in ATTACKS:
        for name in ATTACKS:
            print(f"{name:40} {load(name).idea}")
        return 2
    name, folder = arguments[0], Path(arguments[1])
    if folder.exists():
        print(f"{folder} exists", file=sys.stderr)
        return 2
    write_model(folder, random_tensors(0), files=TOKENIZER_FILES)
    load(name).attack(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
