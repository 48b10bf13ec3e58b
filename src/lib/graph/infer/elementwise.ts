import { elementTypeOf } from '../element-type.ts';
import { intOf } from '../attributes.ts';
import { describeNode } from '../graph.ts';
import type { Fact, InferRule } from './fact.ts';
import { at, broadcast } from './fact.ts';

/** Output like the first input. */
export const same: InferRule = ({ inputs }) => [
	{ type: at(inputs, 0).type, dims: at(inputs, 0).dims }
];

const predicate: InferRule = ({ inputs }) => [{ type: 'bool', dims: at(inputs, 0).dims }];

const broadcasting: InferRule = ({ node, inputs }) => [
	{
		type: at(inputs, 0).type,
		dims: broadcast(
			inputs.map((fact) => fact.dims),
			node
		)
	}
];

const comparing: InferRule = ({ node, inputs }) => [
	{
		type: 'bool',
		dims: broadcast(
			inputs.map((fact) => fact.dims),
			node
		)
	}
];

const where: InferRule = ({ node, inputs }) => [
	{
		type: at(inputs, 1).type ?? at(inputs, 2).type,
		dims: broadcast(
			inputs.map((f) => f.dims),
			node
		)
	}
];

const cast: InferRule = ({ node, inputs }) => [
	{ type: elementTypeOf(intOf(node, 'to', 1), describeNode(node)), dims: at(inputs, 0).dims }
];

const castLike: InferRule = ({ inputs }) => [
	{ type: at(inputs, 1).type, dims: at(inputs, 0).dims }
];

const dropout: InferRule = ({ inputs }) => {
	const fact: Fact = { type: at(inputs, 0).type, dims: at(inputs, 0).dims };
	return [fact, { type: 'bool', dims: fact.dims }];
};

function all<K extends string>(names: readonly K[], rule: InferRule): Record<K, InferRule> {
	return Object.fromEntries(names.map((name) => [name, rule])) as Record<K, InferRule>;
}

/** Shapes of operators that work element by element. */
export const ELEMENTWISE: Readonly<Record<string, InferRule>> = {
	...all(
		// prettier-ignore
		['Abs', 'Acos', 'Acosh', 'Asin', 'Asinh', 'Atan', 'Atanh', 'BitwiseNot', 'Ceil', 'Celu', 'Clip', 'Cos', 'Cosh',
		'CumSum', 'Elu', 'Erf', 'Exp', 'Floor', 'Gelu', 'HardSigmoid', 'HardSwish', 'Hardmax', 'Identity', 'LeakyRelu',
		'Log', 'LogSoftmax', 'Mish', 'Neg', 'Not', 'Reciprocal', 'Relu', 'Round', 'Selu', 'Shrink', 'Sigmoid', 'Sign',
		'Sin', 'Sinh', 'Softmax', 'Softplus', 'Softsign', 'Sqrt', 'Swish', 'Tan', 'Tanh', 'ThresholdedRelu', 'Trilu',
		'Bernoulli', 'RandomNormalLike', 'RandomUniformLike', 'LpNormalization', 'MeanVarianceNormalization', 'LRN',
		'com.microsoft.QuickGelu', 'com.microsoft.FastGelu', 'com.microsoft.Gelu', 'com.microsoft.BiasGelu',
		'ScatterElements', 'ScatterND', 'Scatter', 'ReverseSequence'],
		same
	),
	...all(['IsNaN', 'IsInf'], predicate),
	...all(
		// prettier-ignore
		['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Mod', 'Max', 'Min', 'Mean', 'Sum', 'BitShift', 'BitwiseAnd', 'BitwiseOr',
		'BitwiseXor', 'PRelu'],
		broadcasting
	),
	...all(
		['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'And', 'Or', 'Xor'],
		comparing
	),
	Where: where,
	Cast: cast,
	CastLike: castLike,
	Dropout: dropout
};
