import { defineConfig } from 'vitest/config';

export default defineConfig({
	test: {
		include: [
			'src/**/*.test.ts',
			'cli/**/*.test.ts',
			'scripts/**/*.test.ts',
			'tests/unit/**/*.test.ts'
		],
		environment: 'node',
		pool: 'forks',
		maxWorkers: 2,
		testTimeout: 20_000
	}
});
