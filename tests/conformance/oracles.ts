/** Stored PyTorch gradients of whole networks and of operators (tests/fixtures/README.md). */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { allocate, tensor } from '#lib/core/tensor.ts';
import type { CpuTensor, DataType } from '#lib/core/tensor.ts';
import { decodeGraph } from '#lib/graph/decode.ts';
import { qualifiedName } from '#lib/graph/graph.ts';
import type { CpuFeeds } from './ort.ts';

const root = fileURLToPath(new URL('../fixtures/oracles/', import.meta.url));

interface Stored {
	readonly dims: number[];
	readonly type?: DataType;
	readonly data: number[];
}

export interface OracleCase {
	readonly name: string;
	readonly models?: readonly string[];
	readonly op?: string;
	readonly model?: string;
	readonly feeds: Record<string, Stored>;
	readonly cotangents: Record<string, Stored>;
	readonly outputs: Record<string, Stored>;
	readonly gradients: Record<string, Stored>;
}

interface OracleFile {
	readonly names?: Record<string, Record<string, string>>;
	readonly cases: OracleCase[];
}

export interface Oracle {
	readonly label: string;
	/** The operator of a case of one node, with its domain. */
	readonly operator: string;
	readonly bytes: Uint8Array;
	readonly feeds: CpuFeeds;
	readonly cotangents: CpuFeeds;
	readonly outputs: CpuFeeds;
	/** By the model's own names. */
	readonly gradients: CpuFeeds;
}

export function storedTensor({ dims, type = 'float32', data }: Stored): CpuTensor {
	const array = allocate(type, data.length);
	data.forEach((value, i) => {
		array[i] =
			array instanceof BigInt64Array || array instanceof BigUint64Array ? BigInt(value) : value;
	});
	return tensor(type, dims, array);
}

function tensors(stored: Record<string, Stored>, names: Record<string, string> = {}): CpuFeeds {
	return Object.fromEntries(
		Object.entries(stored).map(([name, value]) => [names[name] ?? name, storedTensor(value)])
	);
}

/** Folders of networks; empty when the fixtures are not there. */
export function networkNames(): string[] {
	if (!existsSync(root)) return [];
	return readdirSync(root).filter((name) => existsSync(`${root}${name}/case.json`));
}

export function operatorFiles(): string[] {
	const folder = `${root}operators/`;
	return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
}

/** Every case of a network with every model that must give its answers. */
export function networkOracles(folder: string): Oracle[] {
	const file = JSON.parse(readFileSync(`${root}${folder}/case.json`, 'utf8')) as OracleFile;
	return file.cases.flatMap((stored) =>
		(stored.models ?? []).map((model) => {
			const bytes = new Uint8Array(readFileSync(`${root}${folder}/${model}`));
			return oracle(`${model} ${stored.name}`, bytes, stored, file.names?.[model]);
		})
	);
}

export function operatorOracles(file: string): Oracle[] {
	const { cases } = JSON.parse(readFileSync(`${root}operators/${file}`, 'utf8')) as OracleFile;
	return cases.map((stored) => {
		const bytes = new Uint8Array(Buffer.from(stored.model ?? '', 'base64'));
		return oracle(`${stored.op ?? ''} ${stored.name}`, bytes, stored);
	});
}

function oracle(
	label: string,
	bytes: Uint8Array,
	stored: OracleCase,
	names?: Record<string, string>
): Oracle {
	const node = decodeGraph(bytes).nodes.find(({ op }) => op === stored.op);
	return {
		label,
		operator: node ? qualifiedName(node) : '',
		bytes,
		feeds: tensors(stored.feeds),
		cotangents: tensors(stored.cotangents),
		outputs: tensors(stored.outputs),
		gradients: tensors(stored.gradients, names)
	};
}
