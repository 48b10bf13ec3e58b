import type { Passage } from '#lib/core/passage.ts';

/** How a version of the text came about. */
export type BranchKind =
	| 'start'
	| 'generate'
	| 'continue'
	| 'regenerate'
	| 'branch'
	| 'edit'
	| 'recorded'
	| 'reopened'
	| 'check';

/** One version of the text. */
export interface Branch {
	readonly id: number;
	readonly parent: number | undefined;
	readonly kind: BranchKind;
	readonly passage: Passage;
	/** First token that the parent does not have. */
	readonly at: number;
}

/** All versions of a text; undo goes to the parent, redo to the child last looked at. */
export interface BranchTree {
	/** By id: `branches[id].id === id`. */
	readonly branches: readonly Branch[];
	readonly current: number;
	/** The child that redo goes to, by parent. */
	readonly lastChild: Readonly<Record<number, number>>;
}

/** A tree with one version, from which everything grows. */
export function plantTree(passage: Passage, kind: BranchKind = 'start'): BranchTree {
	return {
		branches: [{ id: 0, parent: undefined, kind, passage, at: 0 }],
		current: 0,
		lastChild: {}
	};
}

/** The version now shown. */
export function currentBranch(tree: BranchTree): Branch {
	return branchOf(tree, tree.current);
}

/**
 * Adds a version and goes to it.
 * @param parent the version it grew from; the current one by default
 */
export function growBranch(
	tree: BranchTree,
	version: Pick<Branch, 'kind' | 'passage' | 'at'>,
	parent = tree.current
): BranchTree {
	const id = tree.branches.length;
	branchOf(tree, parent);
	return {
		branches: [...tree.branches, { ...version, id, parent }],
		current: id,
		lastChild: { ...tree.lastChild, [parent]: id }
	};
}

/** Whether there is an earlier version to go back to. */
export function canUndo(tree: BranchTree): boolean {
	return currentBranch(tree).parent !== undefined;
}

/** Whether a later version was left by undo. */
export function canRedo(tree: BranchTree): boolean {
	return tree.lastChild[tree.current] !== undefined;
}

/** Goes to the version this one grew from; unchanged at the first. */
export function undoBranch(tree: BranchTree): BranchTree {
	const { parent } = currentBranch(tree);
	return parent === undefined ? tree : { ...tree, current: parent };
}

/** Goes back to the version that undo left; unchanged when there is none. */
export function redoBranch(tree: BranchTree): BranchTree {
	const child = tree.lastChild[tree.current];
	return child === undefined ? tree : { ...tree, current: child };
}

/**
 * Goes to any version; redo then follows the way that leads there.
 * @throws RangeError for an id the tree does not have
 */
export function goToBranch(tree: BranchTree, id: number): BranchTree {
	const lastChild: Record<number, number> = { ...tree.lastChild };
	let branch = branchOf(tree, id);
	while (branch.parent !== undefined) {
		lastChild[branch.parent] = branch.id;
		branch = branchOf(tree, branch.parent);
	}
	return { branches: tree.branches, current: id, lastChild };
}

/** Each version with its depth, children below their parents: the order of an outline. */
export function outlineTree(
	tree: BranchTree
): { readonly branch: Branch; readonly depth: number }[] {
	const outline: { branch: Branch; depth: number }[] = [];
	const stack = [{ branch: branchOf(tree, 0), depth: 0 }];
	for (let item = stack.pop(); item; item = stack.pop()) {
		outline.push(item);
		const { branch, depth } = item;
		const children = tree.branches.filter(({ parent }) => parent === branch.id);
		// A chain without forks stays at one depth, so that long stories do not march to the right.
		const next = children.length > 1 ? depth + 1 : depth;
		for (const child of children.reverse()) stack.push({ branch: child, depth: next });
	}
	return outline;
}

function branchOf(tree: BranchTree, id: number): Branch {
	const branch = tree.branches[id];
	if (!branch) throw new RangeError(`there is no version ${id} among ${tree.branches.length}`);
	return branch;
}
