import { describe, expect, it } from 'vitest';
import { StudioError } from '../core/errors.ts';
import { creationError, runError } from './engine-errors.ts';

describe('errors of the engine', () => {
	it.each([
		["Can't create a session. ERROR_CODE: 6, ERROR_MESSAGE: std::bad_alloc", 'out-of-memory'],
		['Array buffer allocation failed', 'out-of-memory'],
		['ERROR_MESSAGE: Foo(1) is not a registered function/op', 'bad-model'],
		[
			'ERROR_MESSAGE: Program Gather requires f16 but the device does not support it.',
			'unsupported'
		]
	])('creation: %s is %s', (message, code) => {
		const error = creationError('onnx/model.onnx', new Error(message));
		expect(error.code).toBe(code);
		expect(error.message).toContain('onnx/model.onnx');
	});

	it('names the operator in which a run failed', () => {
		const cause = new Error(
			"Non-zero status code returned while running MatMul node. Name:'/h.0/attn/MatMul' Status Message: shapes"
		);
		const error = runError('model.onnx', cause);
		expect(error.code).toBe('internal');
		expect(error.message).toContain('operator MatMul (/h.0/attn/MatMul)');
	});

	it('takes wrong dimensions for bad input', () => {
		const cause = new Error('ERROR_MESSAGE: Got invalid dimensions for input: x');
		expect(runError('model.onnx', cause).code).toBe('bad-input');
	});

	it('passes our own errors through and takes anything thrown', () => {
		const own = new StudioError('device-lost', 'gone', 'wait');
		expect(runError('m', own)).toBe(own);
		expect(creationError('m', own)).toBe(own);
		expect(runError('m', 5_242_880).message).toContain('5242880');
	});
});
