import { describe, expect, it } from 'vitest';
import { folderFromDrop, folderFromHandle, folderFromInput } from './local-folder.ts';

type Tree = { readonly [name: string]: Tree | string };

const tree: Tree = {
	'config.json': '{}',
	'.git': { HEAD: 'ref' },
	onnx: { 'model.onnx': 'graph', '.DS_Store': 'x' }
};

function inputFile(path: string, text = 'x'): File {
	const file = new File([text], path.split('/').at(-1) ?? '');
	Object.defineProperty(file, 'webkitRelativePath', { value: path });
	return file;
}

/** A dropped entry as browsers give it: directories list themselves in batches of one. */
function entryOf(name: string, node: Tree | string): FileSystemEntry {
	if (typeof node === 'string') {
		const file = (resolve: (file: File) => void): void => resolve(new File([node], name));
		return { name, isFile: true, isDirectory: false, file } as unknown as FileSystemEntry;
	}
	const createReader = () => {
		const rest = Object.entries(node).map(([child, value]) => entryOf(child, value));
		return {
			readEntries: (resolve: (batch: FileSystemEntry[]) => void) => resolve(rest.splice(0, 1))
		};
	};
	return { name, isFile: false, isDirectory: true, createReader } as unknown as FileSystemEntry;
}

function handleOf(name: string, node: Tree): FileSystemDirectoryHandle {
	async function* values() {
		for (const [child, value] of Object.entries(node)) {
			yield typeof value === 'string'
				? { kind: 'file', name: child, getFile: async () => new File([value], child) }
				: handleOf(child, value);
		}
	}
	return { kind: 'directory', name, values } as unknown as FileSystemDirectoryHandle;
}

const paths = (files: readonly { path: string }[]): string[] =>
	files.map(({ path }) => path).sort();

describe('reading a folder', () => {
	it('takes paths relative to the chosen folder and leaves hidden files out', () => {
		const folder = folderFromInput([
			inputFile('tiny/config.json'),
			inputFile('tiny/onnx/model.onnx'),
			inputFile('tiny/.git/HEAD')
		]);
		expect(folder.name).toBe('tiny');
		expect(paths(folder.files)).toEqual(['config.json', 'onnx/model.onnx']);
	});

	it('walks a dropped folder to its end', async () => {
		const folder = await folderFromDrop([entryOf('tiny', tree)]);
		expect(folder.name).toBe('tiny');
		expect(paths(folder.files)).toEqual(['config.json', 'onnx/model.onnx']);
		const model = folder.files.find(({ path }) => path === 'onnx/model.onnx');
		expect(await model?.blob.text()).toBe('graph');
	});

	it('walks a picked folder', async () => {
		const folder = await folderFromHandle(handleOf('tiny', tree));
		expect(folder.name).toBe('tiny');
		expect(paths(folder.files)).toEqual(['config.json', 'onnx/model.onnx']);
	});

	it('refuses what is not one folder', async () => {
		await expect(folderFromDrop([entryOf('model.onnx', 'graph')])).rejects.toMatchObject({
			code: 'bad-input'
		});
		await expect(folderFromDrop([])).rejects.toMatchObject({ code: 'bad-input' });
	});

	it('refuses an empty folder and a whole disk', () => {
		expect(() => folderFromInput([])).toThrow('empty');
		const many = Array.from({ length: 2001 }, (_, i) => inputFile(`home/${i}.txt`));
		expect(() => folderFromInput(many)).toThrow('2,000 files');
	});
});
