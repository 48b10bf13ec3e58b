/** Median of numbers; 0 of none. */
export function median(values) {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = sorted.length >> 1;
	if (sorted.length === 0) return 0;
	return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Reduces raw measurements to one row per engine and context, and the ratios people ask for. */
export function summarise({ plan, measurements, store, browser }) {
	const rows = measurements.map((m) =>
		m.error
			? { engine: m.engine, context: m.context, error: m.error }
			: {
					engine: m.engine,
					context: m.context,
					tokensPerSecond: median(m.warm.map((t) => t.tokensPerSecond)),
					spread: [
						Math.min(...m.warm.map((t) => t.tokensPerSecond)),
						Math.max(...m.warm.map((t) => t.tokensPerSecond))
					],
					warmFirstTokenMs: median(m.warm.map((t) => t.firstTokenMs)),
					coldFirstTokenMs: m.loadMs + m.cold.firstTokenMs,
					loadMs: m.loadMs,
					tokens: m.cold.tokens
				}
	);
	return {
		measuredAt: new Date().toISOString().slice(0, 10),
		browser,
		plan,
		rows,
		ratios: ratiosOf(rows, plan),
		store: { ...store, reopenOverRaw: store.reopenMs / store.rawMs }
	};
}

function ratiosOf(rows, plan) {
	const find = (engine, context) =>
		rows.find((r) => r.engine === engine && r.context === context && !r.error);
	const ratios = {};
	const add = (name, top, bottom, key) => {
		if (top && bottom && bottom[key]) ratios[name] = top[key] / bottom[key];
	};
	for (const context of plan.contexts) {
		for (const [format, gguf] of [
			['fp32', 'f32'],
			['int8', 'q8_0']
		]) {
			const ours = find(`vitrine-${format}`, context);
			add(
				`decode vs transformers.js, ${format}, context ${context}`,
				ours,
				find(`transformers-${format}`, context),
				'tokensPerSecond'
			);
			add(
				`decode vs wllama, ${format}, context ${context}`,
				ours,
				find(`wllama-${gguf}`, context),
				'tokensPerSecond'
			);
			add(
				`warm first token vs transformers.js, ${format}, context ${context}`,
				ours,
				find(`transformers-${format}`, context),
				'warmFirstTokenMs'
			);
			if (ours)
				ratios[`warm over cold first token, ${format}, context ${context}`] =
					ours.warmFirstTokenMs / ours.coldFirstTokenMs;
		}
	}
	const [short, long] = plan.contexts;
	for (const format of ['fp32', 'int8']) {
		add(
			`speed at ${long} over ${short}, ${format}`,
			find(`vitrine-${format}`, long),
			find(`vitrine-${format}`, short),
			'tokensPerSecond'
		);
	}
	return ratios;
}

/** The report as a table for a terminal. */
export function table(report) {
	const lines = [
		'',
		'engine               context   tok/s  (min–max)        first token warm / cold'
	];
	for (const row of report.rows) {
		lines.push(
			row.error
				? `${row.engine.padEnd(20)} ${String(row.context).padStart(7)}   failed: ${row.error}`
				: `${row.engine.padEnd(20)} ${String(row.context).padStart(7)} ${row.tokensPerSecond.toFixed(1).padStart(7)}  (${row.spread.map((v) => v.toFixed(0)).join('–')})`.padEnd(
						56
					) +
						`${row.warmFirstTokenMs.toFixed(0).padStart(7)} / ${row.coldFirstTokenMs.toFixed(0)} ms`
		);
	}
	lines.push('', 'ratio');
	for (const [name, value] of Object.entries(report.ratios)) {
		lines.push(`${value.toFixed(2).padStart(6)}  ${name}`);
	}
	lines.push(
		`${report.store.reopenOverRaw.toFixed(2).padStart(6)}  re-open from the store over raw IndexedDB reads (${report.store.reopenMs.toFixed(0)} / ${report.store.rawMs.toFixed(0)} ms, ${(report.store.bytes / 1e6).toFixed(1)} MB)`
	);
	return lines.join('\n');
}
