/** A seeded stream of uniform numbers; the same seed gives the same stream on every machine. */
export interface Random {
	/** Uniform in [0, 1), 32 bits of resolution. */
	next(): number;
	/** Standard normal (Box–Muller, Box & Muller 1958). */
	normal(): number;
	/** Uniform integer in [0, limit). */
	integer(limit: number): number;
}

/**
 * sfc32 (Chris Doty-Humphrey, PractRand), seeded by splitmix32 and run in.
 * @param seed any finite number; its integer part modulo 2³² is used
 */
export function random(seed: number): Random {
	const state = splitmix(seed >>> 0);
	let [a, b, c, counter] = [state(), state(), state(), 1];
	const word = (): number => {
		const sum = (((a + b) | 0) + counter) | 0;
		counter = (counter + 1) | 0;
		a = b ^ (b >>> 9);
		b = (c + (c << 3)) | 0;
		c = ((c << 21) | (c >>> 11)) + sum;
		c |= 0;
		return sum >>> 0;
	};
	for (let i = 0; i < 15; i++) word();
	const next = (): number => word() / 4294967296;
	return {
		next,
		normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
		integer: (limit) => Math.floor(next() * limit)
	};
}

function splitmix(seed: number): () => number {
	let state = seed | 0;
	return () => {
		state = (state + 0x9e3779b9) | 0;
		let z = state ^ (state >>> 16);
		z = Math.imul(z, 0x21f0aaad);
		z ^= z >>> 15;
		z = Math.imul(z, 0x735a2d97);
		return (z ^ (z >>> 15)) | 0;
	};
}
