import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ENGINE_BYTES } from './engine-size.ts';

const dist = path.dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));

describe('ENGINE_BYTES', () => {
	it.each(Object.entries(ENGINE_BYTES))(
		'%s has %d bytes in the installed package',
		(file, bytes) => {
			expect(statSync(path.join(dist, file)).size).toBe(bytes);
		}
	);
});
