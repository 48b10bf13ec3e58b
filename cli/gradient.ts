import { readFile } from 'node:fs/promises';
import { StudioError } from '#lib/core/errors.ts';
import { allocate, storageLength, tensor } from '#lib/core/tensor.ts';
import type { CpuTensor, DataType, Feeds } from '#lib/core/tensor.ts';
import { RULE_TABLES } from '#lib/graph/passes/differentiate/rule-tables.ts';
import type { RuleTableName } from '#lib/graph/passes/differentiate/rule-tables.ts';
import { createNodeBackend } from '#lib/runtime/backend-node.ts';
import { GraphModel } from '#lib/runtime/differentiable-model.ts';
import { EngineModel } from '#lib/runtime/engine-model.ts';
import { readArguments, readOperand } from './arguments.ts';
import { openGraph } from './open-graph.ts';
import { UsageError } from './usage-error.ts';
import type { Verb } from './verb.ts';

const OPTIONS = {
	feeds: { type: 'string' },
	of: { type: 'string' },
	wrt: { type: 'string' },
	rules: { type: 'string' },
	json: { type: 'boolean' },
	help: { type: 'boolean' }
} as const;

const USAGE = `vitrine gradient MODEL.onnx --feeds FILE.json --of OUTPUT --wrt NAME[,NAME…] [--rules RULES] [--json]

The gradient of Σ cotangent · OUTPUT with respect to inputs, weights or inner values of any ONNX
model, run by onnxruntime-web's WebAssembly.

  --feeds FILE    {"feeds": {NAME: {"dims", "type", "data"}}, "cotangent": {"dims", "type", "data"}};
                  the cotangent is all ones when left out
  --of OUTPUT     the value that is differentiated
  --wrt NAMES     what by; names are those of the graph
  --rules RULES   ${Object.keys(RULE_TABLES).join(', ')} (gradient)
  --json          print {"outputs": {OUTPUT: {"dims", "data"}}, "gradients": {NAME: {"dims", "data"}}}
                  instead of a summary; NaN and infinities are null
`;

interface Stored {
	readonly dims: readonly number[];
	readonly type?: string;
	readonly data: readonly (number | string | boolean)[];
}

/** `vitrine gradient`: reverse-mode derivatives of an ONNX file. */
export const gradientVerb: Verb = {
	usage: USAGE,
	async run(args, terminal) {
		const { values, positionals } = readArguments(args, OPTIONS);
		if (values.help) {
			terminal.print(USAGE);
			return 0;
		}
		const path = readOperand('MODEL.onnx', positionals);
		const [of, wrt] = [required('of', values.of), required('wrt', values.wrt).split(',')];
		const rules = ruleTable(values.rules ?? 'gradient');
		const { feeds, cotangent } = await readFeeds(required('feeds', values.feeds));
		const backend = await createNodeBackend();
		const model = new GraphModel(await openGraph(path), (files) =>
			EngineModel.create(backend, files)
		);
		try {
			const seed = cotangent ?? (await ones(model, feeds, of));
			const result = await model.valueAndGradient(feeds, { [of]: seed }, wrt, rules);
			for (const warning of strange({ ...result.outputs, ...result.gradients }))
				terminal.note(warning);
			terminal.print(values.json ? `${JSON.stringify(plain(result))}\n` : summary(result));
			return 0;
		} finally {
			await model.dispose();
		}
	}
};

function required(name: string, value: string | undefined): string {
	if (value !== undefined && value !== '') return value;
	throw new UsageError(`--${name} is missing.`, 'Run with --help to see how to call it.');
}

function ruleTable(name: string): RuleTableName {
	if (Object.hasOwn(RULE_TABLES, name)) return name as RuleTableName;
	throw new UsageError(
		`There are no rules "${name}".`,
		`The rules are: ${Object.keys(RULE_TABLES).join(', ')}.`
	);
}

async function readFeeds(path: string): Promise<{ feeds: Feeds; cotangent?: CpuTensor }> {
	let parsed: { feeds?: Record<string, Stored>; cotangent?: Stored };
	try {
		parsed = JSON.parse(await readFile(path, 'utf8')) as typeof parsed;
	} catch (cause) {
		throw new StudioError(
			'bad-input',
			`The feeds in ${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}.`,
			'Run with --help to see the format.',
			{ cause }
		);
	}
	const feeds: Feeds = {};
	for (const [name, stored] of Object.entries(parsed.feeds ?? {}))
		feeds[name] = toTensor(name, stored);
	return parsed.cotangent
		? { feeds, cotangent: toTensor('cotangent', parsed.cotangent) }
		: { feeds };
}

const TYPES: readonly string[] = [
	'float32', 'float16', 'float64', 'int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'bool'
]; // prettier-ignore

function toTensor(name: string, { dims, type = 'float32', data }: Stored): CpuTensor {
	if (!Array.isArray(dims) || !Array.isArray(data) || !TYPES.includes(type)) {
		throw wrongTensor(name, 'needs "dims", "data" and a known "type"');
	}
	const kind = type as DataType;
	const expected = storageLength(kind, dims);
	if (data.length !== expected) {
		throw wrongTensor(
			name,
			`of shape [${dims.join(', ')}] needs ${expected} elements, got ${data.length}`
		);
	}
	const array = allocate(kind, data.length);
	const wide = array instanceof BigInt64Array || array instanceof BigUint64Array;
	data.forEach((value, i) => {
		try {
			array[i] = wide ? BigInt(value) : Number(value);
		} catch {
			throw wrongTensor(name, `of type ${type} holds "${String(value)}"`);
		}
	});
	return tensor(kind, dims, array);
}

function wrongTensor(name: string, why: string): StudioError {
	return new StudioError(
		'bad-input',
		`The tensor "${name}" ${why}.`,
		'Run with --help to see the format.'
	);
}

/** A cotangent of ones: the gradient of the sum of the output. */
async function ones(model: GraphModel, feeds: Feeds, of: string): Promise<CpuTensor> {
	const value = (await model.run(feeds, [of]))[of] as CpuTensor;
	return tensor('float32', value.dims, new Float32Array(value.data.length).fill(1));
}

/** Where NaN or infinity first appears, by tensor. */
function strange(tensors: Feeds): string[] {
	return Object.entries(tensors).flatMap(([name, value]) => {
		const data = (value as CpuTensor).data;
		const index = data.findIndex((v: number | bigint) => !Number.isFinite(Number(v)));
		return index < 0 ? [] : [`warning: "${name}" is ${String(data[index])} at element ${index}.\n`];
	});
}

type Result = Awaited<ReturnType<GraphModel['valueAndGradient']>>;

function plain({ outputs, gradients }: Result) {
	const each = (feeds: Feeds): Record<string, { dims: readonly number[]; data: number[] }> =>
		Object.fromEntries(
			Object.entries(feeds).map(([name, value]) => [
				name,
				{
					dims: value.dims,
					data: Array.from((value as CpuTensor).data as ArrayLike<number | bigint>, Number)
				}
			])
		);
	return { outputs: each(outputs), gradients: each(gradients) };
}

function summary(result: Result): string {
	const { outputs, gradients } = plain(result);
	const line = (
		name: string,
		{ dims, data }: { dims: readonly number[]; data: number[] }
	): string => {
		const norm = Math.sqrt(data.reduce((sum, v) => sum + v * v, 0));
		return `  ${name} [${dims.join(', ')}], norm ${norm.toPrecision(6)}\n`;
	};
	const lines = (of: typeof outputs): string =>
		Object.entries(of)
			.map(([name, value]) => line(name, value))
			.join('');
	return `outputs\n${lines(outputs)}gradients\n${lines(gradients)}`;
}
