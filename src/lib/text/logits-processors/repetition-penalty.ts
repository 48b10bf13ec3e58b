import type { LogitsProcessor } from './logits-processor.ts';

/**
 * Divides positive and multiplies negative logits of tokens that the sequence already holds (CTRL,
 * Keskar et al. 2019, §4.1). Prompt and generated tokens count alike; a penalty under 1 rewards.
 */
export function repetitionPenalty(penalty: number): LogitsProcessor {
	return (logits, { ids }) => {
		for (const id of new Set(ids)) {
			const logit = logits[id];
			if (logit !== undefined) logits[id] = logit > 0 ? logit / penalty : logit * penalty;
		}
	};
}
