"""A part that a kernel on top has for itself stays whole for everybody else who calls it."""

from __future__ import annotations

import numpy as np
from tower_kernel import guest, owner


def test_a_part_is_pruned_for_its_owner_alone():
    first, second, third = np.array([1, 4]), np.array([2, 5]), np.array([3, 6])
    assert owner(first, second, third) == 123 + 456
    assert guest(third, first, second) == 123 + 564
    assert owner(third, second, first) == 321 + 654
