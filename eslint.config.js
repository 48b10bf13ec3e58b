import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';

/** Rooms whose results must be reproducible: no clock, network, DOM or global randomness. */
const PURE = ['graph', 'explain', 'train', 'text', 'image'].map(
	(room) => `src/lib/${room}/**/*.ts`
);

export default ts.config(
	{
		ignores: [
			'node_modules/**',
			'build/**',
			'.svelte-kit/**',
			'static/**',
			'training/**/checkpoints/**',
			'bench/results*.json',
			'src/lib/graph/onnx_pb*'
		]
	},
	js.configs.recommended,
	...ts.configs.strict,
	...svelte.configs.recommended,
	{
		languageOptions: { globals: { ...globals.browser, ...globals.node } },
		rules: {
			'no-undef': 'off',
			'max-lines': ['error', { max: 320, skipBlankLines: true, skipComments: true }],
			'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
			'@typescript-eslint/no-non-null-assertion': 'error',
			'@typescript-eslint/no-dynamic-delete': 'off',
			'@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
			'@typescript-eslint/no-invalid-void-type': 'off'
		}
	},
	{
		files: ['**/*.svelte', '**/*.svelte.ts'],
		languageOptions: { parserOptions: { parser: ts.parser } }
	},
	{
		files: ['**/*.test.ts', '**/*.spec.ts', 'tests/**', 'bench/**'],
		rules: { 'max-lines-per-function': 'off', 'max-lines': ['error', { max: 600 }] }
	},
	{
		files: PURE,
		ignores: ['**/*.test.ts'],
		rules: {
			'no-restricted-globals': [
				'error',
				...['fetch', 'document', 'window', 'navigator', 'performance', 'Date', 'indexedDB'].map(
					(name) => ({
						name,
						message:
							'Pure rooms take clocks, data and randomness as arguments (DESIGN: house rule 5).'
					})
				)
			],
			'no-restricted-properties': [
				'error',
				{ object: 'Math', property: 'random', message: 'Use core/random with a seed.' }
			]
		}
	}
);
