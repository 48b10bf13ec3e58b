import { StudioError } from '#lib/core/errors.ts';

/** What is needed to read log-probabilities off a row of logits. */
export interface Distribution {
	/** Largest logit. */
	readonly max: number;
	/** Log of the sum of exponentials: `logits[i] - logSum` is the log-probability of i, in nats. */
	readonly logSum: number;
	/** Entropy in nats. */
	readonly entropy: number;
}

/**
 * Log-softmax of one position, summed in float64: `log p_i = x_i - logSum`, and
 * `H = logSum - Σ p_i x_i`.
 * @param logits `[vocab]`; minus infinity forbids a token
 * @throws StudioError `bad-model` when the logits hold NaN, plus infinity, or nothing finite
 */
export function distributionOf(logits: Float32Array): Distribution {
	const max = maximum(logits);
	let sum = 0;
	let weighted = 0;
	for (let i = 0; i < logits.length; i++) {
		const shifted = (logits[i] ?? 0) - max;
		const weight = Math.exp(shifted);
		sum += weight;
		// Zero times minus infinity would be NaN; its limit is zero.
		if (weight > 0) weighted += weight * shifted;
	}
	const log = Math.log(sum);
	return { max, logSum: max + log, entropy: Math.max(0, log - weighted / sum) };
}

/** Largest logit, after checking that there is one. */
export function maximum(logits: Float32Array): number {
	let max = -Infinity;
	let broken = false;
	for (let i = 0; i < logits.length; i++) {
		const value = logits[i] ?? 0;
		if (value > max) max = value;
		else if (value !== value) broken = true;
	}
	if (broken || !Number.isFinite(max)) {
		throw new StudioError(
			'bad-model',
			`The model's output is not a distribution: ${broken ? 'it holds NaN' : `its largest logit is ${max}`}.`,
			'Take another variant of the model (fp32 if this one is fp16), or verify its files.'
		);
	}
	return max;
}
