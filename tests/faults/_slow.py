"""The command line on a disk that takes 20 ms for each write: `python -m tests.faults._slow merge …`."""

from __future__ import annotations

import os
import time
from typing import Any

from mergealign.cli.main import run

WRITE_S = 0.02


def slowed(write: Any) -> Any:
    def writing(*arguments: Any) -> Any:
        time.sleep(WRITE_S)
        return write(*arguments)

    return writing


if __name__ == "__main__":
    os.pwrite = slowed(os.pwrite)
    run()
