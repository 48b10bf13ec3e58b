import { LOWERED, refused, zero } from './rule.ts';

const recurrent = refused('recurrent operators are not unrolled; use a transformer or a CNN');
const control = refused('control flow has no rule; export the model without If, Loop and Scan');
const sequence = refused('sequences and optionals have no derivatives here');
const drawn = zero('it draws at random');
const text = refused('it works on text or labels, which have no derivatives');
const windowed = zero('it only depends on a size');
const signal = refused('complex spectra are not differentiated');
const loss = refused('losses are made by the optimise pass; export the model without its loss');

/** Everything that no family covers, each with its reason. */
export const REMAINING_RULES = {
	RNN: recurrent,
	GRU: recurrent,
	LSTM: recurrent,
	If: control,
	Loop: control,
	Scan: control,
	SequenceAt: sequence,
	SequenceConstruct: sequence,
	SequenceEmpty: sequence,
	SequenceErase: sequence,
	SequenceInsert: sequence,
	SequenceLength: sequence,
	SequenceMap: sequence,
	SplitToSequence: sequence,
	ConcatFromSequence: sequence,
	Optional: sequence,
	OptionalGetElement: sequence,
	OptionalHasElement: sequence,
	RandomNormal: drawn,
	RandomNormalLike: drawn,
	RandomUniform: drawn,
	RandomUniformLike: drawn,
	Multinomial: drawn,
	StringNormalizer: text,
	StringConcat: text,
	StringSplit: text,
	RegexFullMatch: text,
	TfIdfVectorizer: text,
	ImageDecoder: refused('it decodes a compressed file'),
	BlackmanWindow: windowed,
	HammingWindow: windowed,
	HannWindow: windowed,
	MelWeightMatrix: windowed,
	DFT: signal,
	STFT: signal,
	NonMaxSuppression: zero('its result is indices'),
	NegativeLogLikelihoodLoss: loss,
	SoftmaxCrossEntropyLoss: loss,
	Attention: LOWERED,
	RotaryEmbedding: LOWERED,
	'com.microsoft.Attention': LOWERED,
	'com.microsoft.EmbedLayerNormalization': LOWERED,
	'com.microsoft.RotaryEmbedding': LOWERED,
	'com.microsoft.GroupQueryAttention': LOWERED,
	'com.microsoft.MultiHeadAttention': LOWERED,
	'com.microsoft.FusedConv': LOWERED
};
