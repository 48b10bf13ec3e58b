import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Notices } from './notices.svelte.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('Notices', () => {
	it('keeps what needs an act and lets good news go', () => {
		const notices = new Notices();
		notices.add({ kind: 'success', message: 'Copied' });
		notices.add({ kind: 'error', message: 'The disk is full', hint: 'Delete a model.' });
		notices.add({
			kind: 'info',
			message: 'A new version',
			action: { label: 'Load', run: vi.fn() }
		});
		vi.advanceTimersByTime(60_000);
		expect(notices.items.map(({ message }) => message)).toEqual([
			'The disk is full',
			'A new version'
		]);
	});

	it('shows the same message once', () => {
		const notices = new Notices();
		notices.add({ kind: 'error', message: 'Offline' });
		const second = notices.add({ kind: 'error', message: 'Offline' });
		expect(notices.items.map(({ id }) => id)).toEqual([second]);
	});

	it('makes room for the newest', () => {
		const notices = new Notices();
		for (let i = 0; i < 6; i++) notices.add({ kind: 'error', message: `Error ${i}` });
		expect(notices.items.map(({ message }) => message)).toEqual(
			[2, 3, 4, 5].map((i) => `Error ${i}`)
		);
	});

	it('takes over the engine’s notices and leaves an empty hint out', () => {
		const notices = new Notices();
		notices.addNotice({ kind: 'fallback', message: 'The GPU was lost', hint: 'Nothing is lost.' });
		notices.addNotice({ kind: 'recovered', message: 'Going on', hint: '' });
		expect(notices.items).toEqual([
			{ id: 0, kind: 'warning', message: 'The GPU was lost', hint: 'Nothing is lost.' },
			{ id: 1, kind: 'success', message: 'Going on' }
		]);
		notices.dismiss(0);
		expect(notices.items).toHaveLength(1);
	});
});
