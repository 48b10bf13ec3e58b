import { describe, expect, it } from 'vitest';
import { isEngineFile, isKept } from './cache-policy.ts';

describe('service worker cache policy', () => {
	it.each([
		['/models/storyteller/onnx/model.onnx', false],
		['/studio/models/storyteller/tokenizer.json', false],
		['/models/index.json', true],
		['/models/', true],
		['/write/', true],
		['/_app/immutable/chunks/abc.js', true],
		['/_app/immutable/assets/ort-wasm-simd-threaded.jspi-abc.wasm', false],
		['/_app/immutable/workers/engine-abc.js', false]
	])('keeps %s at installation: %s', (path, kept) => {
		expect(isKept(path)).toBe(kept);
	});

	it('knows engine files under a sub-path', () => {
		expect(isEngineFile('/studio/_app/immutable/workers/engine-x.js')).toBe(true);
		expect(isEngineFile('/studio/_app/immutable/assets/0.css')).toBe(false);
	});
});
