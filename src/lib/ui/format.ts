/** Wording of numbers in the studio. All functions are pure and use the English locale. */

const BYTE_UNITS = ['kB', 'MB', 'GB', 'TB'] as const;

/**
 * A size in decimal units, three significant digits: `formatBytes(18_620_312)` → `18.6 MB`.
 * @param bytes count of bytes; negative or non-finite gives `unknown`
 */
export function formatBytes(bytes: number): string {
	if (!Number.isFinite(bytes) || bytes < 0) return 'unknown';
	if (bytes < 1000) return `${Math.round(bytes)} B`;
	let value = bytes;
	let unit = -1;
	// 999.5 kB would round to "1000 kB"; it is written as 1.00 MB.
	while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
		value /= 1000;
		unit += 1;
	}
	const digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
	return `${value.toFixed(digits)} ${BYTE_UNITS[unit] ?? 'kB'}`;
}

/**
 * A span of time in words a person reads at a glance: `0.84 s`, `12 s`, `3 min 05 s`, `1 h 04 min`.
 * @param ms milliseconds; negative or non-finite gives `unknown`
 */
export function formatDuration(ms: number): string {
	if (!Number.isFinite(ms) || ms < 0) return 'unknown';
	if (ms < 999.5) return `${Math.round(ms)} ms`;
	if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
	const seconds = Math.round(ms / 1000);
	if (seconds < 60) return `${seconds} s`;
	if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${pad(seconds % 60)} s`;
	const minutes = Math.round(seconds / 60);
	return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
}

function pad(value: number): string {
	return String(value).padStart(2, '0');
}

const GROUPED = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });

/** A number with grouped thousands and at most two decimals: `4096` → `4,096`. */
export function formatNumber(value: number): string {
	return Number.isFinite(value) ? GROUPED.format(value) : 'unknown';
}

/**
 * A probability in per cent with honest ends: nothing but 1 is `100 %`, nothing but 0 is `0 %`.
 * @param probability between 0 and 1
 */
export function formatPercent(probability: number): string {
	if (!Number.isFinite(probability)) return 'unknown';
	const percent = probability * 100;
	if (percent > 0 && percent < 0.01) return '< 0.01 %';
	if (percent < 100 && percent >= 99.95) return '> 99.9 %';
	const digits = percent === 0 || percent >= 99.95 ? 0 : percent < 1 ? 2 : 1;
	return `${percent.toFixed(digits)} %`;
}

/** A speed: `formatRate(38.24, 'tokens')` → `38.2 tokens/s`. */
export function formatRate(perSecond: number, unit: string): string {
	if (!Number.isFinite(perSecond) || perSecond < 0) return 'unknown';
	const digits = perSecond >= 100 ? 0 : 1;
	return `${perSecond.toFixed(digits)} ${unit}/s`;
}

/**
 * A token made visible: line breaks and tabs as signs, a lone space as `␣`.
 * @param text the token's text, which may hold the replacement character for a partial UTF-8 rune
 */
export function formatToken(text: string): string {
	if (text === '') return '(nothing)';
	const visible = text.replaceAll('\n', '↵').replaceAll('\r', '␍').replaceAll('\t', '⇥');
	return /^ +$/.test(visible) ? '␣'.repeat(visible.length) : visible.replace(/^ /, '␣');
}
