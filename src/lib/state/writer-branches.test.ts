import { describe, expect, it } from 'vitest';
import {
	canRedo,
	canUndo,
	currentBranch,
	goToBranch,
	growBranch,
	outlineTree,
	plantTree,
	redoBranch,
	undoBranch
} from './writer-branches.ts';
import { emptyPassage, passageText } from './writer-passage.ts';
import { testPassage } from './writer-testing.ts';

const version = (text: string) =>
	({ kind: 'generate', passage: testPassage([text]), at: 0 }) as const;

describe('branch tree', () => {
	it('undoes to the parent and redoes to the child last seen', () => {
		let tree = growBranch(plantTree(emptyPassage('')), version('a'));
		tree = growBranch(tree, version('ab'));
		tree = undoBranch(tree);
		tree = growBranch(tree, version('ac'));
		tree = undoBranch(tree);
		expect(passageText(currentBranch(tree).passage)).toBe('a');
		expect(passageText(currentBranch(redoBranch(tree)).passage)).toBe('ac');
		expect(tree.branches).toHaveLength(4);
	});

	it('stays where it is at either end', () => {
		const tree = plantTree(emptyPassage(''));
		expect(canUndo(tree) || canRedo(tree)).toBe(false);
		expect(undoBranch(tree)).toBe(tree);
		expect(redoBranch(tree)).toBe(tree);
	});

	it('goes anywhere, and redo follows the way there', () => {
		let tree = growBranch(plantTree(emptyPassage('')), version('a'));
		tree = growBranch(tree, version('ab'));
		tree = growBranch(tree, version('x'), 0);
		tree = goToBranch(tree, 2);
		tree = undoBranch(undoBranch(tree));
		expect(tree.current).toBe(0);
		expect(currentBranch(redoBranch(tree)).id).toBe(1);
		expect(() => goToBranch(tree, 9)).toThrow(/no version 9 among 4/);
	});

	it('lists children below parents, and indents only at forks', () => {
		let tree = growBranch(plantTree(emptyPassage('')), version('a'));
		tree = growBranch(tree, version('ab'));
		expect(outlineTree(tree).map(({ depth }) => depth)).toEqual([0, 0, 0]);
		tree = growBranch(tree, version('ac'), 1);
		expect(outlineTree(tree).map(({ branch, depth }) => [branch.id, depth])).toEqual([
			[0, 0],
			[1, 0],
			[2, 1],
			[3, 1]
		]);
	});
});
