import { decodeGraph } from '#lib/graph/decode.ts';
import { inspectGraph } from '#lib/graph/inspect.ts';
import type { InspectedValue, Inspection } from '#lib/graph/inspect.ts';
import { readArguments, readOperand } from './arguments.ts';
import { readGraph } from './open-graph.ts';
import type { Verb } from './verb.ts';

const OPTIONS = { json: { type: 'boolean' }, help: { type: 'boolean' } } as const;

const USAGE = `vitrine inspect MODEL.onnx [--json]

Says what a model is and whether gradients can pass it, without running it: weights that lie
outside the file are not read.

  --json    print {"opset", "inputs", "outputs", "parameters", "operators": {NAME: COUNT},
            "differentiable", "missing": [{"operator", "nodes"}]}; missing names the operators on
            the gradient's way that have no rule, with the names of their nodes
`;

/** `vitrine inspect`: operators, interface and differentiability of an ONNX file. */
export const inspectVerb: Verb = {
	usage: USAGE,
	async run(args, terminal) {
		const { values, positionals } = readArguments(args, OPTIONS);
		if (values.help) {
			terminal.print(USAGE);
			return 0;
		}
		const path = readOperand('MODEL.onnx', positionals);
		const inspection = inspectGraph(decodeGraph(await readGraph(path)));
		terminal.print(values.json ? `${JSON.stringify(inspection)}\n` : describe(inspection));
		return 0;
	}
};

function describe(inspection: Inspection): string {
	const list = (values: readonly InspectedValue[]): string =>
		values.map(({ name, type, dims }) => `  ${name}: ${type} [${dims.join(', ')}]`).join('\n');
	const operators = Object.entries(inspection.operators).map(([name, n]) => `  ${n} × ${name}`);
	const missing = inspection.missing.map(
		({ operator, nodes }) => `  ${operator}: ${nodes.join(', ')}`
	);
	return `opset ${inspection.opset}, ${inspection.parameters.toLocaleString('en')} parameters
inputs
${list(inspection.inputs)}
outputs
${list(inspection.outputs)}
operators
${operators.join('\n')}
${inspection.differentiable ? 'differentiable' : `not differentiable through\n${missing.join('\n')}`}
`;
}
