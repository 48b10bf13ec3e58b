/**
 * Indices of the `k` largest values, largest first; of equal values the lower index comes first.
 * A bounded heap is scanned over the values, `O(n + k log k)` in the usual case, so vocabularies of
 * 260,000 entries cost well under a millisecond for small `k`.
 * @param values `[n]`, without NaN
 */
export function selectTop(values: Float32Array, k: number): Int32Array {
	const size = Math.max(0, Math.min(Math.floor(k), values.length));
	const heap = new Int32Array(size);
	if (size === 0) return heap;
	for (let i = 0; i < size; i++) heap[i] = i;
	for (let i = (size >> 1) - 1; i >= 0; i--) sink(values, heap, i, size);
	let worst = at(values, heap[0]);
	for (let i = size; i < values.length; i++) {
		// Indices rise, so an equal value never displaces one that is already kept.
		if (at(values, i) > worst) {
			heap[0] = i;
			sink(values, heap, 0, size);
			worst = at(values, heap[0]);
		}
	}
	for (let end = size - 1; end > 0; end--) {
		const last = heap[end] ?? 0;
		heap[end] = heap[0] ?? 0;
		heap[0] = last;
		sink(values, heap, 0, end);
	}
	return heap;
}

function at(values: Float32Array, index: number | undefined): number {
	return values[index ?? 0] ?? -Infinity;
}

/** Whether index `a` ranks behind index `b`. */
function behind(values: Float32Array, a: number, b: number): boolean {
	const [x, y] = [at(values, a), at(values, b)];
	return x < y || (x === y && a > b);
}

/** Restores the heap (worst on top) below `start`, over the first `size` entries. */
function sink(values: Float32Array, heap: Int32Array, start: number, size: number): void {
	const moving = heap[start] ?? 0;
	let hole = start;
	for (;;) {
		let child = 2 * hole + 1;
		if (child >= size) break;
		let candidate = heap[child] ?? 0;
		const right = heap[child + 1] ?? 0;
		if (child + 1 < size && behind(values, right, candidate)) {
			child += 1;
			candidate = right;
		}
		if (!behind(values, candidate, moving)) break;
		heap[hole] = candidate;
		hole = child;
	}
	heap[hole] = moving;
}
