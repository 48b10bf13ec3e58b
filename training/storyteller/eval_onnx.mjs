/**
 * Checks and measures the exported ONNX files with onnxruntime-web (WebAssembly, one thread).
 *
 *   python3 evaluate.py --checkpoint CHECKPOINT --sample cache/sample.json
 *   node eval_onnx.mjs cache/sample.json MODEL.onnx [MODEL.onnx ...]
 *
 * For every file: the largest difference of its logits from PyTorch's, cached decoding against one
 * full pass, bits per byte by set on the sample, tokens per second at contexts of 64 and 400. Times
 * are processor time, so that other work on the machine disturbs them less. `--speed` leaves the
 * bits out; `--json=FILE` also writes the figures.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import * as ort from 'onnxruntime-web';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';
const options = process.argv.slice(2);
const quick = options.includes('--speed');
const jsonPath = options.find((o) => o.startsWith('--json='))?.slice(7);
const [samplePath, ...files] = options.filter((o) => !o.startsWith('--'));
const sample = JSON.parse(await readFile(samplePath, 'utf8'));

/** int64 tensor. */
function int64(values, dims) {
	return new ort.Tensor('int64', BigInt64Array.from(values, BigInt), dims);
}

/** Runs `ids` after `past` (null: none); returns logits and the next past. */
async function step(session, ids, past, keep = 0) {
	const start = past ? past['past_key_values.0.key'].dims[2] : 0;
	const total = start + ids.length;
	const feeds = {
		input_ids: int64(ids, [1, ids.length]),
		attention_mask: int64(new Array(total).fill(1), [1, total]),
		position_ids: int64(
			ids.map((_, i) => start + i),
			[1, ids.length]
		),
		num_logits_to_keep: int64([keep], [])
	};
	for (const name of session.inputNames) {
		if (!name.startsWith('past_')) continue;
		feeds[name] = past?.[name] ?? new ort.Tensor('float32', new Float32Array(0), [1, 2, 0, 64]);
	}
	const out = await session.run(feeds);
	const next = {};
	for (const name of session.outputNames)
		if (name.startsWith('present.'))
			next[name.replace('present.', 'past_key_values.')] = out[name];
	return { logits: out.logits, past: next };
}

/** Bits of `target` under one row of logits. */
function bits(row, target) {
	let top = -Infinity;
	for (const v of row) if (v > top) top = v;
	let sum = 0;
	for (const v of row) sum += Math.exp(v - top);
	return (Math.log(sum) + top - row[target]) / Math.LN2;
}

async function bitsPerByte(session, rows) {
	let total = 0;
	let bytes = 0;
	for (const { ids, header_tokens: header } of rows) {
		const { logits } = await step(session, ids.slice(0, -1), null);
		const width = logits.dims[2];
		for (let i = header; i < ids.length - 1; i++) {
			total += bits(logits.data.subarray(i * width, (i + 1) * width), ids[i + 1]);
			bytes += sample.token_bytes[ids[i + 1]];
		}
	}
	return { total, bytes };
}

function largestDifference(a, b) {
	let worst = 0;
	for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i] - b[i]));
	return worst;
}

async function checkNumerics(session) {
	const ids = sample.check_ids;
	const full = await step(session, ids, null);
	const width = full.logits.dims[2];
	const torch = largestDifference(full.logits.data, sample.check_logits.flat());
	let { logits, past } = await step(session, ids.slice(0, 20), null, 1);
	let cached = largestDifference(logits.data, full.logits.data.subarray(19 * width, 20 * width));
	for (let i = 20; i < ids.length; i++) {
		({ logits, past } = await step(session, [ids[i]], past));
		const row = full.logits.data.subarray(i * width, (i + 1) * width);
		cached = Math.max(cached, largestDifference(logits.data, row));
	}
	return { torch, cached };
}

/** Processor time of this process in ms. */
function processorTime() {
	const { user, system } = process.cpuUsage();
	return (user + system) / 1000;
}

async function tokensPerSecond(session, context, count = 60) {
	const ids = Array.from({ length: context }, (_, i) => sample.check_ids[i % 60]);
	let past;
	let prefill = Infinity;
	for (let i = 0; i < 3; i++) {
		const started = processorTime();
		({ past } = await step(session, ids, null, 1));
		prefill = Math.min(prefill, processorTime() - started);
	}
	const times = [];
	for (let i = 0; i < count; i++) {
		const begin = processorTime();
		({ past } = await step(session, [sample.check_ids[i % 60]], past));
		times.push(processorTime() - begin);
	}
	times.sort((a, b) => a - b);
	return { prefill, rate: 1000 / times[count >> 1] };
}

/** Bits per byte of the sample: books, simple stories (vitrine and tinystories), each set. */
async function measureBits(session) {
	const sums = {};
	for (const [name, rows] of Object.entries(sample.sets)) {
		const part = await bitsPerByte(session, rows);
		const groups = [name.startsWith('books') ? 'books' : name];
		if (name === 'vitrine' || name === 'tinystories') groups.push('simple');
		for (const group of groups) {
			sums[group] ??= { total: 0, bytes: 0 };
			sums[group].total += part.total;
			sums[group].bytes += part.bytes;
		}
	}
	return Object.fromEntries(Object.entries(sums).map(([n, s]) => [n, s.total / s.bytes]));
}

const rows = [];
for (const file of files) {
	const bytes = await readFile(file);
	const session = await ort.InferenceSession.create(bytes, { executionProviders: ['wasm'] });
	const row = { name: basename(file), bytes: bytes.length, ...(await checkNumerics(session)) };
	// The engine compiles hot WebAssembly again with optimisations: the first runs are slow.
	await tokensPerSecond(session, 400);
	for (const context of [64, 400]) {
		const { prefill, rate } = await tokensPerSecond(session, context);
		row[`rate${context}`] = rate;
		row[`prefill${context}`] = prefill;
	}
	if (!quick) Object.assign(row, await measureBits(session));
	console.log(row);
	rows.push(row);
	await session.release();
}
if (jsonPath) await writeFile(jsonPath, JSON.stringify(rows, null, '\t') + '\n');
