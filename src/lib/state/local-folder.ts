import type { LocalFile } from '#lib/core/catalogue.ts';
import { StudioError } from '#lib/core/errors.ts';

/** A folder that a person opened: its name, and its files by paths relative to it. */
export interface LocalFolder {
	readonly name: string;
	readonly files: LocalFile[];
}

/** A model has dozens of files; far more means that another folder was meant. */
const MOST_FILES = 2_000;

/**
 * The folder chosen with `<input webkitdirectory>`, where every file carries its path.
 * @throws StudioError `bad-input` when it is empty or holds more than 2,000 files
 */
export function folderFromInput(files: Iterable<File>): LocalFolder {
	let name = '';
	const found: LocalFile[] = [];
	for (const file of files) {
		const [folder = '', ...rest] = file.webkitRelativePath.split('/');
		name ||= folder;
		collect(found, rest.join('/') || file.name, file);
	}
	return checked({ name, files: found });
}

/**
 * The folder dropped on the page.
 * @param entries from `DataTransferItem.webkitGetAsEntry()`, taken while the drop event runs
 * @throws StudioError `bad-input` when it is not one folder, empty, or holds more than 2,000 files
 */
export async function folderFromDrop(
	entries: readonly (FileSystemEntry | null)[]
): Promise<LocalFolder> {
	const [entry] = entries;
	if (entries.length !== 1 || !entry || !isDirectory(entry)) {
		throw new StudioError(
			'bad-input',
			'One folder was expected, and something else was dropped.',
			'Drop the folder that holds config.json, tokenizer.json and onnx/.'
		);
	}
	const found: LocalFile[] = [];
	await walkEntry(entry, '', found);
	return checked({ name: entry.name, files: found });
}

/**
 * The folder chosen with `showDirectoryPicker`.
 * @throws StudioError `bad-input` when it is empty or holds more than 2,000 files
 */
export async function folderFromHandle(handle: FileSystemDirectoryHandle): Promise<LocalFolder> {
	const found: LocalFile[] = [];
	await walkHandle(handle, '', found);
	return checked({ name: handle.name, files: found });
}

async function walkEntry(
	directory: FileSystemDirectoryEntry,
	prefix: string,
	found: LocalFile[]
): Promise<void> {
	const reader = directory.createReader();
	// readEntries gives a batch at a time, and an empty one at the end.
	for (;;) {
		const batch = await new Promise<FileSystemEntry[]>((resolve, reject) =>
			reader.readEntries(resolve, reject)
		);
		if (batch.length === 0) return;
		for (const entry of batch) {
			if (isHidden(entry.name)) continue;
			if (isDirectory(entry)) await walkEntry(entry, `${prefix}${entry.name}/`, found);
			else if (isFile(entry)) {
				const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
				collect(found, prefix + entry.name, file);
			}
		}
	}
}

async function walkHandle(
	directory: FileSystemDirectoryHandle,
	prefix: string,
	found: LocalFile[]
): Promise<void> {
	for await (const handle of directory.values()) {
		if (isHidden(handle.name)) continue;
		if (handle.kind === 'directory') await walkHandle(handle, `${prefix}${handle.name}/`, found);
		else collect(found, prefix + handle.name, await handle.getFile());
	}
}

function collect(found: LocalFile[], path: string, blob: Blob): void {
	if (path.split('/').some(isHidden)) return;
	found.push({ path, blob });
	if (found.length > MOST_FILES) {
		throw new StudioError(
			'bad-input',
			`A model's folder was expected; this one holds more than ${MOST_FILES.toLocaleString('en')} files.`,
			'Open the folder of one model: the one that holds config.json.'
		);
	}
}

function checked(folder: LocalFolder): LocalFolder {
	if (folder.files.length > 0) return { ...folder, name: folder.name || 'Opened folder' };
	throw new StudioError(
		'bad-input',
		'The folder is empty.',
		'Open the folder that holds config.json, tokenizer.json and onnx/.'
	);
}

/** Version control, editors and operating systems leave such names everywhere. */
function isHidden(name: string): boolean {
	return name.startsWith('.') || name === '__MACOSX' || name === 'Thumbs.db';
}

function isDirectory(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
	return entry.isDirectory;
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
	return entry.isFile;
}
