import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { StudioError } from '../core/errors.ts';

/** One node of a graph: what it computes and the names of what it reads and writes. */
export interface ScannedNode {
	readonly operator: string;
	readonly domain: string;
	readonly inputs: readonly string[];
	readonly outputs: readonly string[];
}

/** What the engine needs to know of an ONNX file without decoding its weights. */
export interface GraphScan {
	readonly nodes: readonly ScannedNode[];
	/** Paths of the files that initializers lie in, as the graph names them. */
	readonly externalFiles: ReadonlySet<string>;
}

// Field numbers of onnx.proto.
const MODEL_GRAPH = 7;
const GRAPH = { node: 1, initializer: 5 };
const NODE = { input: 1, output: 2, operator: 4, domain: 7 };
const TENSOR_EXTERNAL_DATA = 13;
const ENTRY = { key: 1, value: 2 };

/** Calls `visit` for every length-delimited field of a message; skips all others. */
function eachField(bytes: Uint8Array, visit: (field: number, content: Uint8Array) => void): void {
	const reader = new BinaryReader(bytes);
	while (reader.pos < reader.len) {
		const [field, wire] = reader.tag();
		if (wire === WireType.LengthDelimited) visit(field, reader.bytes());
		else reader.skip(wire, field);
	}
}

const decoder = new TextDecoder();

function scanNode(bytes: Uint8Array): ScannedNode {
	const inputs: string[] = [];
	const outputs: string[] = [];
	let operator = '';
	let domain = '';
	eachField(bytes, (field, content) => {
		if (field === NODE.input) inputs.push(decoder.decode(content));
		else if (field === NODE.output) outputs.push(decoder.decode(content));
		else if (field === NODE.operator) operator = decoder.decode(content);
		else if (field === NODE.domain) domain = decoder.decode(content);
	});
	return { operator, domain, inputs, outputs };
}

function scanInitializer(bytes: Uint8Array, externalFiles: Set<string>): void {
	eachField(bytes, (field, entry) => {
		if (field !== TENSOR_EXTERNAL_DATA) return;
		let key = '';
		let value = '';
		eachField(entry, (part, content) => {
			if (part === ENTRY.key) key = decoder.decode(content);
			else if (part === ENTRY.value) value = decoder.decode(content);
		});
		if (key === 'location') externalFiles.add(value);
	});
}

/**
 * Reads the nodes and the external files of an ONNX model from its protobuf bytes; weights are
 * skipped, not copied.
 * @param name the file's path, for the error
 * @throws StudioError `bad-model` when the bytes are no ONNX model or end too early
 */
export function scanGraph(name: string, bytes: Uint8Array): GraphScan {
	const nodes: ScannedNode[] = [];
	const externalFiles = new Set<string>();
	let graphs = 0;
	try {
		eachField(bytes, (modelField, graph) => {
			if (modelField !== MODEL_GRAPH) return;
			graphs++;
			eachField(graph, (field, content) => {
				if (field === GRAPH.node) nodes.push(scanNode(content));
				else if (field === GRAPH.initializer) scanInitializer(content, externalFiles);
			});
		});
	} catch (error) {
		throw notOnnx(name, bytes, 'its structure breaks off: it is truncated or garbled', error);
	}
	if (graphs === 0 || nodes.length === 0) throw notOnnx(name, bytes, 'it holds no graph');
	return { nodes, externalFiles };
}

function notOnnx(name: string, bytes: Uint8Array, why: string, cause?: unknown): StudioError {
	return new StudioError(
		'bad-model',
		`${name} (${bytes.length} bytes) is not a whole ONNX model: ${why}.`,
		'Fetch the file again; a Git LFS pointer or an HTML page in its place looks like this too.',
		{ cause }
	);
}
