"""Shape and indexing cases."""

from __future__ import annotations

import numpy as np

from row import const, ints, row, spread

X = spread(3, 4)
CUBE = spread(2, 3, 4)
MANY = 2**63 - 1

INDEXING = [
    row("Gather", [X, ints([2, 0, 2])], "repeated rows"),
    row("Gather", [X, ints([[1, -1], [0, 1]])], "axis 1, negative", axis=1),
    row("Gather", [CUBE, ints(1)], "scalar index", axis=1),
    row("Gather", [X, ints([[0, 1, 1]], "int32")], "int32 indices"),
    row("GatherElements", [X, ints([[0, 2, 1, 0], [1, 1, -1, 0]])], "axis 0", axis=0),
    row("GatherElements", [X, ints([[0, 0], [3, 1], [2, -1]])], "axis 1", axis=1),
    row("GatherND", [X, ints([[0, 1], [2, 3], [0, 1]])], "points"),
    row("GatherND", [CUBE, ints([[1], [0], [1]])], "slices"),
    row("GatherND", [CUBE, ints([[[0], [2]], [[1], [1]]])], "batched", batch_dims=1),
    row("ScatterElements", [X, ints([[0, 2, 1, 0]]), spread(1, 4)], "axis 0", axis=0),
    row("ScatterElements", [X, ints([[1], [3], [0]]), spread(3, 1)], "axis 1", axis=1),
    row("ScatterElements", [X, ints([[1, 1], [3, -1], [0, 2]]), spread(3, 2)], "add", opset=18, axis=1, reduction="add"),
    row("ScatterND", [X, ints([[0], [2]]), spread(2, 4)], "rows"),
    row("ScatterND", [X, ints([[0, 1], [2, 3]]), spread(2)], "points"),
    row("ScatterND", [X, ints([[1], [1], [0]]), spread(3, 4, key="u")], "add, repeated", opset=18, reduction="add"),
    row("Slice", [CUBE, const([1]), const([3]), const([2])], "one axis"),
    row("Slice", [CUBE, const([0, -3]), const([1, MANY]), const([0, 2])], "negative start, open end"),
    row("Slice", [CUBE, const([3]), const([-MANY]), const([-1]), const([-2])], "backwards"),
    row("Slice", [X, const([0, 1]), const([3, 4]), const([0, 1]), const([2, 2])], "steps"),
    row("Slice", [X, const([1, 0]), const([3, 2])], "no axes"),
    row("Concat", [X, spread(3, 2), spread(3, 1)], "three, axis 1", axis=1),
    row("Concat", [X, spread(1, 4)], "axis -2", axis=-2),
    row("Split", [spread(2, 6)], "equal", outputs=(0, 1, 2), opset=17, axis=1),
    row("Split", [spread(2, 6), const([1, 3, 2])], "sizes", outputs=(0, 1, 2), axis=1),
    row("Split", [spread(2, 7)], "uneven", outputs=(0, 1, 2), opset=18, axis=1, num_outputs=3),
    row("Split", [spread(6, 2), const([4, 2])], "axis 0", outputs=(0, 1), axis=0),
    row("Expand", [spread(3, 1), const([2, 3, 4])], "new and widened axes"),
    row("Expand", [X, const([1, 1])], "input wider"),
    row("Tile", [spread(2, 3), const([2, 2])]),
    row("Tile", [spread(2, 1, 3), const([1, 3, 2])], "rank 3"),
    row("Transpose", [CUBE], "perm", perm=[1, 2, 0]),
    row("Transpose", [CUBE], "default"),
    row("Reshape", [CUBE, const([0, -1])], "zero and minus one"),
    row("Flatten", [CUBE], "axis 2", axis=2),
    row("Flatten", [CUBE], "axis 0", axis=0),
    row("Squeeze", [spread(1, 3, 1), const([0])]),
    row("Squeeze", [spread(1, 3, 1)], "all"),
    row("Unsqueeze", [X, const([0, -1])]),
    row("TopK", [spread(3, 6), const([2])], "values", outputs=(0, 1)),
    row("TopK", [spread(6, 3), const([3])], "smallest, axis 0", outputs=(0, 1), axis=0, largest=0),
    row("Trilu", [spread(2, 4, 4)], "upper"),
    row("Trilu", [spread(4, 5), const(-1)], "lower, shifted", upper=0),
    row("Trilu", [spread(4, 5), const(1)], "upper, shifted", upper=1),
    row("OneHot", [ints([1, -1, 0]), const(4), np.array([-0.25, 1.5], np.float32)], "values"),
    row("OneHot", [ints([[1, 2]]), const(3), np.array([0, 1], np.float32)], "axis 1", axis=1),
    row("Compress", [X, const([True, False, True], "bool")], "axis 0", axis=0),
    row("Compress", [X, const([False, True, True, False, True], "bool")], "flat"),
]
