/**
 * What a file of a repository is to us: a graph, text that the studio reads (configuration,
 * tokenizer, card), weights beside a graph, or nothing we keep.
 */
export type FileKind = 'graph' | 'text' | 'data' | 'other';

const TEXT = /\.(json|jinja|txt|md)$/i;
const DATA = /(\.onnx_data(_\d+)?|\.onnx\.data|\.data|\.bin|\.weight)$/i;
/** Our own lists and what trainers leave behind. */
const IGNORED = /(^|\/)(manifest|vitrine|index|trainer_state|training_args)\.json$|\.index\.json$/i;
const HIDDEN = /(^|\/)\./;

/** The kind of a file, by its path. */
export function fileKind(path: string): FileKind {
	if (HIDDEN.test(path) || IGNORED.test(path)) return 'other';
	if (/\.onnx$/i.test(path)) return 'graph';
	if (TEXT.test(path)) return 'text';
	return DATA.test(path) ? 'data' : 'other';
}
