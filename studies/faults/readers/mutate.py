"""Bytes changed at random, for where no tool is that is guided by what they reach."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

EDGES = (0, 1, 0x7F, 0x80, 0xFF)
WIDE = (b"\xff\xff\xff\xff", b"\0\0\0\x80", b"\xff\xff\xff\x7f", b"\0\0\xc0\x7f", b"\0\0\x80\x7f")


def mutated(
    rng: np.random.Generator, corpus: Sequence[bytes], words: Sequence[bytes], longest: int
) -> bytes:
    """Return a member of the corpus with one to eight changes.

    Args:
        rng: Source of randomness.
        corpus: Inputs to begin with; not empty.
        words: What means something to the reader.
        longest: Bytes that it may have.
    """
    data = bytearray(corpus[int(rng.integers(len(corpus)))])
    for _ in range(int(rng.integers(1, 9))):
        at = int(rng.integers(len(data) + 1))
        kind = int(rng.integers(7))
        if kind == 0 and at < len(data):
            data[at] ^= 1 << int(rng.integers(8))
        elif kind == 1 and at < len(data):
            data[at] = EDGES[int(rng.integers(len(EDGES)))]
        elif kind == 2:
            del data[at : at + int(rng.integers(1, 9))]
        elif kind == 3:
            piece = data[at : at + int(rng.integers(1, 33))]
            data[at:at] = bytes(piece) * int(rng.integers(1, 5))
        elif kind == 4 and words:
            word = words[int(rng.integers(len(words)))]
            data[at : at + len(word) * int(rng.integers(2))] = word
        elif kind == 5:
            word = WIDE[int(rng.integers(len(WIDE)))]
            data[at : at + 4] = word
        else:
            other = corpus[int(rng.integers(len(corpus)))]
            begin = int(rng.integers(len(other) + 1))
            data[at:] = other[begin:]
    return bytes(data[:longest])
