import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const report = process.env.VITRINE_REPORT;

export default defineConfig({
	// Compiles the runes of state/*.svelte.ts.
	plugins: [svelte({ configFile: false })],
	test: {
		include: [
			'src/**/*.test.ts',
			'cli/**/*.test.ts',
			'scripts/**/*.test.ts',
			'tests/conformance/**/*.test.ts'
		],
		environment: 'node',
		// A session of onnxruntime-web changes globals: every file gets a process of its own.
		pool: 'forks',
		maxWorkers: 2,
		testTimeout: 30_000,
		// A busy two-core machine takes many seconds to compile the engine.
		hookTimeout: 60_000,
		reporters: report ? ['default', 'json'] : ['default'],
		outputFile: report
	}
});
