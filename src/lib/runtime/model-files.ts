import { StudioError } from '../core/errors.ts';
import type { ModelFiles } from './backend.ts';
import { scanGraph } from './scan-graph.ts';
import type { GraphScan } from './scan-graph.ts';

const plain = (path: string) => path.replace(/^(\.\/)+/, '');

/**
 * Looks a model's files over before the engine sees them: is the graph whole, are all files there.
 * @throws StudioError `bad-model` naming the damaged or missing file
 */
export function inspectFiles(files: ModelFiles): GraphScan {
	const scan = scanGraph(files.name, files.graph);
	const given = new Set(files.externalData.map(({ path }) => plain(path)));
	const missing = [...scan.externalFiles].filter((path) => !given.has(plain(path)));
	if (missing.length > 0) {
		throw new StudioError(
			'bad-model',
			`${files.name} keeps weights in ${missing.join(', ')}, which is missing.`,
			'Put the file beside the graph, or fetch the model again.'
		);
	}
	return scan;
}
