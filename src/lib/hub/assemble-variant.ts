import type { OnProgress } from '../core/progress.ts';
import type {
	InstalledGraph,
	InstalledVariant,
	RepositoryAddress,
	StoredContent,
	StoredFile,
	StoredWeight
} from '../store/records.ts';
import { StudioError, throwIfAborted } from '../core/errors.ts';
import { cut } from './chunk-layout.ts';
import type { Claim } from './claim.ts';
import { blobBytes, describeContent, identityOf } from './content.ts';
import type { HubEnvironment } from './environment.ts';
import { fileKind } from './file-kind.ts';
import type { IndexEntry, ManifestVariant } from './manifest.ts';
import type { Origin } from './split-model.ts';
import { splitModel } from './split-model.ts';

/** A file as bytes that are read when needed. */
export interface SourceFile {
	readonly path: string;
	readonly blob: Blob;
	/** SHA-256 of the whole, where already verified. */
	readonly sha256?: string | undefined;
}

export interface Assembly {
	readonly entry: Omit<IndexEntry, 'defaults' | 'variants'>;
	readonly variant: ManifestVariant;
	readonly address: RepositoryAddress;
	readonly files: readonly SourceFile[];
	readonly claim: Claim;
	readonly onProgress?: OnProgress;
	readonly signal?: AbortSignal;
}

/**
 * Makes the record of a variant from its files: text is kept as it is, each graph becomes a
 * skeleton and weights. Everything the record names is written and held by the claim afterwards;
 * the record itself is the caller's to commit.
 * @throws StudioError `bad-model` naming the file that is damaged or missing, `quota`, `aborted`
 */
export async function assembleVariant(
	environment: HubEnvironment,
	assembly: Assembly
): Promise<InstalledVariant> {
	const { entry, variant, address, claim } = assembly;
	const files: StoredFile[] = [];
	const graphs: InstalledGraph[] = [];
	const own = assembly.files.filter(({ path }) => variant.files.includes(path));
	for (const file of own) {
		throwIfAborted(assembly.signal);
		const kind = fileKind(file.path);
		if (kind === 'text') files.push(await keepFile(environment, claim, file));
		if (kind === 'graph') graphs.push(await keepGraph(environment, assembly, file));
	}
	await claim.flush();
	const { id, title, task, description, licence } = entry;
	return {
		...{ id, title, task, description, licence, address },
		variant: variant.name,
		file: variant.file,
		files,
		graphs,
		identity: identityOf(graphs),
		bytes: sizeOfAll([...files, ...graphs.flatMap((graph) => [graph.skeleton, ...graph.weights])]),
		installedAt: environment.now()
	};
}

function sizeOfAll(contents: readonly StoredContent[]): number {
	return contents.reduce((sum, { size }) => sum + size, 0);
}

async function keepFile(
	environment: HubEnvironment,
	claim: Claim,
	{ path, blob }: SourceFile
): Promise<StoredFile> {
	const bytes = await blobBytes(blob, `"${path}"`);
	return { path, ...(await keepContent(environment, claim, bytes)) };
}

async function keepGraph(
	environment: HubEnvironment,
	assembly: Assembly,
	file: SourceFile
): Promise<InstalledGraph> {
	const { claim, files, entry, variant, onProgress, signal } = assembly;
	const label = `Preparing ${entry.title} (${variant.name})`;
	let done = 0;
	const { skeleton, weights } = await splitModel({
		path: file.path,
		bytes: await blobBytes(file.blob, `"${file.path}"`),
		readData: (path, offset, length) => readData(files, file.path, path, offset, length),
		keep: async (bytes, origin) => {
			throwIfAborted(signal);
			done += bytes.length;
			onProgress?.({ label, done, total: variant.bytes, unit: 'bytes' });
			return withOrigin(await keepContent(environment, claim, bytes), origin);
		}
	});
	return { path: file.path, skeleton: await keepContent(environment, claim, skeleton), weights };
}

function withOrigin(content: StoredContent, origin: Origin | undefined): StoredWeight {
	return origin ? { ...content, origin } : content;
}

async function keepContent(
	environment: HubEnvironment,
	claim: Claim,
	bytes: Uint8Array<ArrayBuffer>
): Promise<StoredContent> {
	const content = await describeContent(bytes, environment.sha256);
	for (const [i, { offset, size }] of cut({ offset: 0, size: bytes.length }).entries()) {
		const sha256 = content.chunks[i] ?? content.sha256;
		await claim.keep({ sha256, bytes: bytes.subarray(offset, offset + size) });
	}
	return content;
}

async function readData(
	files: readonly SourceFile[],
	graph: string,
	path: string,
	offset: number,
	length: number
): Promise<Uint8Array<ArrayBuffer>> {
	const file = files.find((candidate) => candidate.path === path);
	if (!file) {
		throw new StudioError(
			'bad-model',
			`"${graph}" keeps weights in "${path}", which is missing.`,
			`Put "${path}" next to the graph and choose the folder again.`
		);
	}
	if (offset + length > file.blob.size) {
		throw new StudioError(
			'bad-model',
			`"${path}" is cut short: "${graph}" needs ${offset + length} bytes of it, it has ${file.blob.size}.`,
			`Download "${path}" again and choose the folder again.`
		);
	}
	return blobBytes(file.blob.slice(offset, offset + length), `"${path}"`);
}
