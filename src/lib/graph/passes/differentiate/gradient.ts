import { CONVOLUTION_RULES } from './convolution.ts';
import { ELEMENTWISE_RULES } from './elementwise.ts';
import { INDEXING_RULES } from './indexing.ts';
import { MATRIX_RULES } from './matrix.ts';
import { NORMALISATION_RULES } from './normalisation.ts';
import { REDUCTION_RULES, SOFTMAX_RULES } from './reduction.ts';
import { REMAINING_RULES } from './remaining.ts';
import { RESAMPLING_RULES } from './resampling.ts';
import type { RuleTable } from './rule.ts';

/** The derivative of every operator: the table that {@link RuleTable} makes exhaustive. */
export const GRADIENT: RuleTable = {
	...ELEMENTWISE_RULES,
	...MATRIX_RULES,
	...REDUCTION_RULES,
	...SOFTMAX_RULES,
	...INDEXING_RULES,
	...CONVOLUTION_RULES,
	...RESAMPLING_RULES,
	...NORMALISATION_RULES,
	...REMAINING_RULES
};
