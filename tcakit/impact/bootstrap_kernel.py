"""Least squares on a grid of exponents, for many draws of the sample: work per draw and grid point, not per order."""

from __future__ import annotations

import numpy as np

from tcakit.jit import jit


@jit
def drawn_minima(sums, width, steps, coefficients, places, gains, matrix, solved):
    """Find for each draw the grid point of least squares, between its neighbours, and the coefficients there.

    `sums` is float64 (draws, grid, moments): per grid point the upper triangle of X'X row by row, then X'y, of `width`
    columns. `steps` are the lengths of the grid's axes, the last of which runs fastest. Written are `places` (draws,
    axes), places on the axes with fractions, `coefficients` (draws, width) and `gains` (draws): by how much they lower
    the sum of squares. All are NaN where no grid point can be solved. `matrix` (width, width) and `solved` (grid, width
    + 1) are room to work in.
    """
    draws, grid = sums.shape[0], sums.shape[1]
    axes = steps.size
    for draw in range(draws):
        best = -1
        for point in range(grid):
            # Cholesky's factor of X'X into `matrix`, row by row; a column that the others span leaves no pivot.
            usable = True
            at = 0
            for row in range(width):
                for column in range(row, width):
                    matrix[column, row] = sums[draw, point, at]
                    at += 1
            for row in range(width):
                scale = matrix[row, row]
                for inner in range(row):
                    matrix[row, row] -= matrix[row, inner] * matrix[row, inner]
                if not matrix[row, row] > 1e-11 * scale:
                    usable = False
                    break
                matrix[row, row] = np.sqrt(matrix[row, row])
                for below in range(row + 1, width):
                    for inner in range(row):
                        matrix[below, row] -= matrix[below, inner] * matrix[row, inner]
                    matrix[below, row] /= matrix[row, row]
            gain = 0.0
            if usable:
                for row in range(width):
                    value = sums[draw, point, at + row]
                    for inner in range(row):
                        value -= matrix[row, inner] * solved[point, inner]
                    solved[point, row] = value / matrix[row, row]
                    gain += solved[point, row] * solved[point, row]
                for back in range(width):
                    row = width - 1 - back
                    value = solved[point, row]
                    for below in range(row + 1, width):
                        value -= matrix[below, row] * solved[point, below]
                    solved[point, row] = value / matrix[row, row]
                solved[point, width] = gain
                if best < 0 or gain > solved[best, width]:
                    best = point
            else:
                solved[point, width] = -1.0
        if best < 0:
            for column in range(width):
                coefficients[draw, column] = np.nan
            for axis in range(axes):
                places[draw, axis] = np.nan
            gains[draw] = np.nan
            continue
        for column in range(width):
            coefficients[draw, column] = solved[best, column]
        gains[draw] = solved[best, width]
        # On each axis the parabola through the best point and its two neighbours.
        stride = 1
        for back in range(axes):
            axis = axes - 1 - back
            place = (best // stride) % steps[axis]
            places[draw, axis] = place
            if 0 < place < steps[axis] - 1:
                low, high = best - stride, best + stride
                if solved[low, width] >= 0.0 and solved[high, width] >= 0.0:
                    slope = 0.5 * (solved[high, width] - solved[low, width])
                    bend = solved[high, width] - 2.0 * solved[best, width] + solved[low, width]
                    if bend < 0.0:
                        off = -slope / bend
                        places[draw, axis] = place + off
                        gains[draw] += 0.5 * slope * off
                        for column in range(width):
                            turn = solved[high, column] - 2.0 * solved[best, column] + solved[low, column]
                            rise = 0.5 * (solved[high, column] - solved[low, column])
                            coefficients[draw, column] += rise * off + 0.5 * turn * off * off
            stride *= steps[axis]
