import { create, toBinary } from '@bufbuild/protobuf';
import { random } from '#lib/core/random.ts';
import {
	GraphProtoSchema,
	ModelProtoSchema,
	NodeProtoSchema,
	OperatorSetIdProtoSchema,
	StringStringEntryProtoSchema,
	TensorProtoSchema,
	TensorProto_DataLocation,
	ValueInfoProtoSchema
} from '#lib/graph/onnx_pb.js';

/** One uint8 initializer of a test model. */
export interface TinyWeight {
	readonly name: string;
	readonly bytes: Uint8Array<ArrayBuffer>;
	/** Put beside the graph instead of into it. */
	readonly external?: { readonly location: string; readonly offset: number };
}

/** Seeded random bytes. */
export function randomBytes(size: number, seed: number): Uint8Array<ArrayBuffer> {
	const source = random(seed);
	const words = new Uint32Array(Math.ceil(size / 4));
	for (let i = 0; i < words.length; i++) words[i] = source.next() * 4294967296;
	return new Uint8Array(words.buffer).subarray(0, size).slice();
}

/** A valid ONNX file: x → Identity → y, with weights that no node uses. */
export function tinyOnnx(weights: readonly TinyWeight[]): Uint8Array<ArrayBuffer> {
	const initializer = weights.map(({ name, bytes, external }) =>
		create(TensorProtoSchema, {
			name,
			dataType: 2,
			dims: [BigInt(bytes.length)],
			...(external
				? {
						dataLocation: TensorProto_DataLocation.EXTERNAL,
						externalData: [
							['location', external.location],
							['offset', String(external.offset)],
							['length', String(bytes.length)]
						].map(([key, value]) =>
							create(StringStringEntryProtoSchema, { key: key ?? '', value: value ?? '' })
						)
					}
				: { rawData: bytes })
		})
	);
	const model = create(ModelProtoSchema, {
		irVersion: 8n,
		opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: 17n })],
		graph: create(GraphProtoSchema, {
			name: 'tiny',
			node: [create(NodeProtoSchema, { opType: 'Identity', input: ['x'], output: ['y'] })],
			input: [create(ValueInfoProtoSchema, { name: 'x' })],
			output: [create(ValueInfoProtoSchema, { name: 'y' })],
			initializer
		})
	});
	return toBinary(ModelProtoSchema, model);
}
