"""How a model uses the CPU."""

from __future__ import annotations

import os

import pytest
import torch

from mergealign.models.threads import use_threads


def test_threads_sleep_while_they_wait_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    try:
        use_threads(1)
        assert (torch.get_num_threads(), os.environ["OMP_WAIT_POLICY"]) == (1, "passive")
        monkeypatch.setenv("OMP_WAIT_POLICY", "active")
        use_threads()
        assert (torch.get_num_threads(), os.environ["OMP_WAIT_POLICY"]) == (1, "active")
    finally:
        torch.set_num_threads(before)
        monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
