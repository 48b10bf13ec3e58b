import { describe, expect, it, vi } from 'vitest';
import { Playback, type Ticker } from './playback.svelte.ts';

function clocked(count: number, tokensPerSecond: number, head = 0) {
	let time = 0;
	let tick: () => void = () => undefined;
	const stop = vi.fn();
	const ticker: Ticker = (next) => {
		tick = next;
		return stop;
	};
	const playback = new Playback(count, tokensPerSecond, head, ticker, () => time);
	const pass = (ms: number): void => {
		time += ms;
		tick();
	};
	return { playback, pass, stop };
}

describe('Playback', () => {
	it('shows tokens at the recorded pace and ends', () => {
		const { playback, pass, stop } = clocked(40, 20);
		expect(playback.state).toBe('ready');
		playback.play();
		pass(1000);
		expect(playback.shown).toBe(20);
		pass(5000);
		expect(playback.shown).toBe(40);
		expect(playback.state).toBe('done');
		expect(stop).toHaveBeenCalled();
	});

	it('begins behind its head, and replays from the very start', () => {
		const { playback, pass } = clocked(40, 20, 6);
		expect(playback.shown).toBe(6);
		playback.play();
		pass(500);
		expect(playback.shown).toBe(16);
		playback.finish();
		playback.play();
		expect(playback.shown).toBe(0);
	});

	it('keeps the pace legible', () => {
		const fast = clocked(1000, 400);
		fast.playback.play();
		fast.pass(1000);
		expect(fast.playback.shown).toBe(32);
		const slow = clocked(1000, 0.5);
		slow.playback.play();
		slow.pass(1000);
		expect(slow.playback.shown).toBe(14);
	});

	it('pauses, goes on from there, and replays from the start', () => {
		const { playback, pass } = clocked(40, 20);
		playback.play();
		pass(1000);
		playback.pause();
		expect(playback.state).toBe('paused');
		playback.play();
		pass(500);
		expect(playback.shown).toBe(30);
		playback.finish();
		expect(playback.shown).toBe(40);
		playback.play();
		expect(playback.shown).toBe(0);
		pass(100);
		expect(playback.shown).toBe(2);
	});
});
