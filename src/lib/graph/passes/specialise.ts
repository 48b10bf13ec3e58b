import { StudioError } from '../../core/errors.ts';
import type { Constant, Dim, Graph, ValueInfo } from '../graph.ts';
import { fold } from './fold.ts';

/** Sizes by symbol (`{batch: 1, sequence: 64}`). */
export type Sizes = Readonly<Record<string, number>>;

/**
 * Replaces symbolic sizes by known ones and computes everything that follows from shapes alone, as
 * un-broadcasting in `differentiate` needs known sizes. Symbols not named stay symbolic.
 */
export function specialise(graph: Graph, sizes: Sizes): Graph {
	const replace = (value: ValueInfo): ValueInfo =>
		value.dims ? { ...value, dims: value.dims.map((dim) => substitute(dim, sizes)) } : value;
	return fold({
		...graph,
		inputs: graph.inputs.map(replace),
		outputs: graph.outputs.map(replace),
		values: new Map([...graph.values].map(([name, value]) => [name, replace(value)]))
	});
}

/** A symbol, or a product, sum or difference of symbols and numbers as exporters write them. */
function substitute(dim: Dim, sizes: Sizes): Dim {
	if (typeof dim === 'number') return dim;
	const exact = sizes[dim];
	if (exact !== undefined) return exact;
	const terms = dim.split(/([+*-])/).map((term) => term.trim());
	if (terms.length < 3) return dim;
	const numbers = terms.map((term, i) => (i % 2 ? 0 : (sizes[term] ?? Number(term || NaN))));
	if (numbers.some(Number.isNaN)) return '';
	return terms.reduce((total, term, i) => {
		const next = numbers[i + 1] ?? 0;
		if (term === '*') return total * next;
		return i % 2 === 0 ? total : term === '+' ? total + next : total - next;
	}, numbers[0] ?? 0);
}

/**
 * Fixes inputs to constants: counts and switches (`num_logits_to_keep`) that decide about shapes.
 * @throws StudioError `bad-input` for a name that is no input
 */
export function fixInputs(graph: Graph, constants: Readonly<Record<string, Constant>>): Graph {
	for (const name of Object.keys(constants)) {
		if (!graph.inputs.some((input) => input.name === name)) {
			throw new StudioError(
				'bad-input',
				`The model has no input named "${name}".`,
				`Its inputs are ${graph.inputs.map((input) => input.name).join(', ')}.`
			);
		}
	}
	return {
		...graph,
		inputs: graph.inputs.filter(({ name }) => !Object.hasOwn(constants, name)),
		initializers: new Map([...graph.initializers, ...Object.entries(constants)])
	};
}

/**
 * {@link specialise} to the shapes of feeds; inputs that are not fed keep their symbols.
 * @throws StudioError `bad-input` when a feed contradicts the model or another feed
 */
export function specialiseTo(
	graph: Graph,
	shapes: Readonly<Record<string, readonly number[]>>
): Graph {
	const sizes: Record<string, number> = {};
	const inputs = graph.inputs.map((input): ValueInfo => {
		const shape = shapes[input.name];
		if (!shape) return input;
		if (input.dims && input.dims.length !== shape.length) throw mismatch(input, shape);
		input.dims?.forEach((dim, axis) => {
			const size = shape[axis] ?? 0;
			if (typeof dim === 'number' ? dim !== size : (sizes[dim] ?? size) !== size) {
				throw mismatch(input, shape);
			}
			if (typeof dim === 'string' && dim !== '') sizes[dim] = size;
		});
		return { ...input, dims: shape };
	});
	return specialise({ ...graph, inputs }, sizes);
}

function mismatch(input: ValueInfo, shape: readonly number[]): StudioError {
	return new StudioError(
		'bad-input',
		`Input "${input.name}" is declared as [${input.dims?.join(', ') ?? ''}] but was given [${shape.join(', ')}].`,
		'Give tensors of the declared shape; equal symbols stand for equal sizes.'
	);
}
