import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { OPERATORS } from '#lib/graph/operators.ts';
import { GRADIENT } from '#lib/graph/passes/differentiate/gradient.ts';
import { checkGradient } from './check-gradient.ts';
import { drawn } from './drawn-graphs.ts';
import { OPERATOR_CASES } from './operator-cases.ts';

const RUNS = Number(process.env['VITRINE_FULL'] ? 40 : 4);

/** Rules without a case of their own, with the reason. */
const ELSEWHERE: Readonly<Record<string, string>> = {
	Scatter: 'deprecated: modernise re-writes it to ScatterElements',
	Upsample: 'deprecated: modernise re-writes it to Resize',
	Swish: 'operator set 24, which onnxruntime-web 1.30 does not run',
	RMSNormalization: 'same rule as SimplifiedLayerNormalization'
};

describe('every operator rule against central finite differences', () => {
	const rules = OPERATORS.filter((name) => GRADIENT[name].kind === 'rule');

	vi.setConfig({ testTimeout: 120_000 });

	it('has a case for every rule', () => {
		const without = rules.filter((name) => !OPERATOR_CASES[name] && !ELSEWHERE[name]);
		expect(without).toEqual([]);
	});

	for (const [name, make] of Object.entries(OPERATOR_CASES)) {
		it(name, async () => {
			await fc.assert(
				fc.asyncProperty(drawn, async (values) => {
					const { error, worst, forward } = await checkGradient(make(values));
					expect(forward, 'outputs of the gradient graph').toBeLessThan(1e-4);
					expect(error, worst).toBeLessThan(1e-3);
				}),
				{ numRuns: RUNS, seed: 7, endOnFailure: true }
			);
		});
	}
});
