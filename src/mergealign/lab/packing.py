"""Short documents packed side by side into rows, so that training spends no arithmetic on padding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["IGNORED", "Packed", "Piece", "pack"]

IGNORED = -100  # the label that cross-entropy leaves out


@dataclass(frozen=True)
class Piece:
    """One tokenized document; tokens from `learn_from` on are learned."""

    ids: list[int]
    learn_from: int


@dataclass(frozen=True)
class Packed:
    """Tensors for one step; R rows of W tokens."""

    ids: Any  # [R, W]
    labels: Any  # [R, W]
    positions: Any  # [R, W] counted from the start of each document
    mask: Any  # [R, 1, W, W] true where a token may look: back, and inside its own document


def pack(pieces: Sequence[Piece], pad: int, width: int = 64) -> Packed:
    """First-fit in the given order."""
    import torch

    width = max(width, *(len(p.ids) for p in pieces))
    rows: list[list[Piece]] = []
    room: list[int] = []
    for piece in pieces:
        at = next((i for i, free in enumerate(room) if free >= len(piece.ids)), len(rows))
        if at == len(rows):
            rows.append([])
            room.append(width)
        rows[at].append(piece)
        room[at] -= len(piece.ids)

    def grid(fill: int, values: Any) -> Any:
        lines = [[v for n, piece in enumerate(row) for v in values(n, piece)] for row in rows]
        return torch.tensor([line + [fill] * (width - len(line)) for line in lines])

    document = grid(-1, lambda n, p: [n] * len(p.ids))
    back = torch.ones(width, width, dtype=torch.bool).tril()
    return Packed(
        ids=grid(pad, lambda _, p: p.ids),
        # the first token of a document has nothing to be predicted from
        labels=grid(IGNORED, lambda _, p: [IGNORED] * max(1, p.learn_from) + p.ids[max(1, p.learn_from) :]),
        positions=grid(0, lambda _, p: range(len(p.ids))),
        mask=((document[:, :, None] == document[:, None, :]) & back)[:, None],
    )
