import { describe, expect, it, vi } from 'vitest';
import type { OperatorName } from '#lib/graph/operators.ts';
import { GRADIENT } from '#lib/graph/passes/differentiate/gradient.ts';
import { checkOracle } from './check-oracle.ts';
import { networkNames, networkOracles, operatorFiles, operatorOracles } from './oracles.ts';

// The first session of a process compiles the engine.
vi.setConfig({ testTimeout: 120_000 });

describe('whole networks against PyTorch', () => {
	for (const folder of networkNames()) {
		describe(folder, () => {
			for (const oracle of networkOracles(folder)) {
				it(oracle.label, async () => {
					const { forward, gradients } = await checkOracle(oracle);
					expect(forward).toBeLessThan(1e-4);
					for (const [name, error] of Object.entries(gradients)) {
						expect(error, name).toBeLessThan(1e-4);
					}
				});
			}
		});
	}
});

describe('operators against PyTorch', () => {
	for (const file of operatorFiles()) {
		describe(file, () => {
			for (const oracle of operatorOracles(file)) {
				it(oracle.label, async () => {
					const name = oracle.operator as OperatorName;
					// Dropout is refused in training mode only.
					if (GRADIENT[name].kind === 'refused' && name !== 'Dropout') {
						await expect(checkOracle(oracle)).rejects.toThrow(/cannot be differentiated/);
						return;
					}
					const { forward, gradients } = await checkOracle(oracle);
					expect(forward).toBeLessThan(1e-4);
					for (const [name, error] of Object.entries(gradients)) {
						expect(error, name).toBeLessThan(1e-3);
					}
				});
			}
		});
	}
});
