import { isAbort, StudioError, toStudioError } from '#lib/core/errors.ts';
import type { TokenAlternative, TokenRecord } from '#lib/core/generation.ts';
import type { Passage, PassageModel } from '#lib/core/passage.ts';
import { settingsProblems } from './presets-validate.ts';
import type { WriterSettings } from './presets.ts';
import { decodeShare, encodeShare } from './share-codec.ts';
import {
	canRedo,
	canUndo,
	currentBranch,
	goToBranch,
	growBranch,
	plantTree,
	redoBranch,
	undoBranch,
	type Branch,
	type BranchKind,
	type BranchTree
} from './writer-branches.ts';
import { joinVerdicts, type Verdict } from './writer-compare.ts';
import {
	applyEdit,
	modelOf,
	replayRun,
	withBrokenRun,
	withResult,
	writeBehind,
	type JobHooks,
	type WriterEngine
} from './writer-jobs.ts';
import { WriterModel } from './writer-model.svelte.ts';
import {
	chooseAlternative,
	emptyPassage,
	extendPassage,
	sharedTokens,
	truncatePassage
} from './writer-passage.ts';
import { FIRST_PROMPT } from './writer-prompt.ts';
import { WriterRun } from './writer-run.svelte.ts';
import { SettingsState } from './writer-settings.svelte.ts';
import type { WriterState } from './writer-status.ts';
import { nextFrame, type Schedule } from './writer-stream.ts';

export interface WriterOptions {
	/** Opens the engine; called when something first needs it. */
	readonly engine: () => Promise<WriterEngine>;
	/** Called with every version that was finished, to keep it. */
	readonly onFinished?: (passage: Passage, kind: BranchKind) => void;
	/** Milliseconds on any monotonic clock. */
	readonly now?: () => number;
	readonly schedule?: Schedule;
}

/** A generation about to run: behind which passage, and as what kind of version it is kept. */
interface Plan {
	readonly kind: BranchKind;
	readonly base: Passage;
	/** Version it grows from. */
	readonly parent: number;
	readonly settings: WriterSettings;
}

/** The Write page: a prompt, the versions of the text behind it, and the run that writes one. */
export class Writer {
	readonly model: WriterModel;
	readonly settings = new SettingsState();
	readonly #run: WriterRun;
	readonly #onFinished: (passage: Passage, kind: BranchKind) => void;
	#prompt = $state.raw(FIRST_PROMPT);
	#tree: BranchTree = $state.raw(plantTree(emptyPassage(FIRST_PROMPT)));

	constructor(options: WriterOptions) {
		const { now = () => performance.now(), schedule = nextFrame } = options;
		this.#run = new WriterRun(now, schedule);
		this.#onFinished = options.onFinished ?? (() => undefined);
		this.model = new WriterModel(options.engine);
	}

	get state(): WriterState {
		return this.#run.state;
	}
	get busy(): boolean {
		return this.#run.busy;
	}
	get prompt(): string {
		return this.#prompt;
	}
	set prompt(text: string) {
		this.#prompt = text;
	}
	/** The text now shown: the version chosen, or what a run has written so far. */
	get passage(): Passage {
		return this.#run.draft ?? this.branch.passage;
	}
	/** The version chosen. */
	get branch(): Branch {
		return currentBranch(this.#tree);
	}
	get tree(): BranchTree {
		return this.#tree;
	}
	get canUndo(): boolean {
		return !this.busy && canUndo(this.#tree);
	}
	get canRedo(): boolean {
		return !this.busy && canRedo(this.#tree);
	}

	/** Writes a new text behind the prompt. */
	async generate(): Promise<void> {
		if (this.busy) return;
		const base = emptyPassage(this.#prompt);
		if (this.#isFresh()) this.#tree = plantTree(base);
		await this.#write('generate', base, this.settings.forGeneration());
	}

	/** Writes the last stretch again, with the next seed. */
	async regenerate(): Promise<void> {
		if (this.busy) return;
		const { passage, parent } = this.branch;
		const from = passage.runs.at(-1)?.from ?? 0;
		const base = from === 0 ? emptyPassage(this.#prompt) : truncatePassage(passage, from);
		await this.#write('regenerate', base, this.settings.forRegeneration(), parent);
	}

	/** Writes on behind the text. */
	async continue(): Promise<void> {
		await this.#write('continue', this.passage, this.settings.value);
	}

	/** Puts an alternative in place of a token and writes on behind it. */
	async takeBranch(index: number, alternative: TokenAlternative): Promise<void> {
		if (this.busy) return;
		const base = chooseAlternative(this.passage, index, alternative);
		await this.#write('branch', base, this.settings.value);
	}

	/**
	 * Keeps an edited text as a new version.
	 * @param edited the whole text behind the prompt
	 * @returns whether it was kept; when not, the state says why
	 */
	keepEdit(edited: string): Promise<boolean> {
		return this.#run.start('write', async () => {
			const engine = await this.model.engine();
			const passage = await applyEdit(engine, this.model.choice, this.branch.passage, edited);
			this.#grow('edit', passage, this.#tree.current);
			this.#onFinished(passage, 'edit');
			return { kind: 'idle' };
		});
	}

	/** Ends what runs; what was written stays. */
	stop(): void {
		this.#run.stop();
	}
	undo(): void {
		if (!this.busy) this.#show(undoBranch(this.#tree));
	}
	redo(): void {
		if (!this.busy) this.#show(redoBranch(this.#tree));
	}
	/** Shows any version. */
	goTo(id: number): void {
		if (!this.busy) this.#show(goToBranch(this.#tree, id));
	}
	/** Puts away the error or verdict on show. */
	dismiss(): void {
		if (!this.busy) this.#run.settle({ kind: 'idle' });
	}

	/** The text as the fragment of a link, without `#`. */
	share(): Promise<string> {
		return encodeShare(this.passage);
	}

	/** Shows the text of a link as recorded; nothing is loaded. @returns whether it could be read */
	async openShared(fragment: string): Promise<boolean> {
		await this.#run.end();
		try {
			this.open(await decodeShare(fragment), 'recorded');
			return true;
		} catch (error) {
			this.#run.settle({ kind: 'failed', error: toStudioError(error).toRecord() });
			return false;
		}
	}

	/** Shows a passage from a link or from the history, with its prompt and settings. */
	open(passage: Passage, kind: 'recorded' | 'reopened'): void {
		if (this.busy) return;
		if (this.#isFresh()) this.#tree = plantTree(passage, kind);
		else this.#grow(kind, passage, this.#tree.current);
		this.#prompt = passage.prompt;
		const run = passage.runs.at(-1);
		if (run) this.settings.adopt(run);
		this.#run.settle({ kind: 'idle' });
	}

	/** Recomputes a recorded text run by run and says whether it came out the same. */
	async runHere(): Promise<void> {
		const { passage: recorded, id } = this.branch;
		await this.#run.start('check', async (hooks) => {
			const verdicts: Verdict[] = [];
			let here = emptyPassage(recorded.prompt);
			for (const run of recorded.runs.filter(({ count }) => count > 0)) {
				here = extendPassage(here, recorded.tokens.slice(here.tokens.length, run.from));
				const { engine, model } = await this.#begin(run.model, here, hooks);
				const replay = await replayRun(engine, recorded, run, here, model, hooks);
				if (replay.aborted) return { kind: 'idle' };
				here = replay.passage;
				verdicts.push(replay.verdict);
				if (replay.verdict.kind === 'differs') break;
			}
			const verdict = joinVerdicts(verdicts);
			const rest = verdict.kind === 'differs' ? [] : recorded.tokens.slice(here.tokens.length);
			this.#grow('check', extendPassage(here, rest), id);
			return { kind: 'checked', verdict };
		});
	}

	#isFresh(): boolean {
		return this.#tree.branches.length === 1 && this.branch.passage.tokens.length === 0;
	}

	/** Shows another version; a prompt that was changed since stays as it is. */
	#show(tree: BranchTree): void {
		const untouched = this.#prompt === this.branch.passage.prompt;
		this.#tree = tree;
		if (untouched) this.#prompt = this.branch.passage.prompt;
		this.#run.settle({ kind: 'idle' });
	}

	#grow(kind: BranchKind, passage: Passage, parent: number): void {
		const at = sharedTokens(passage, this.#tree.branches[parent]?.passage ?? passage);
		this.#tree = growBranch(this.#tree, { kind, passage, at }, parent);
	}

	/** Makes the model ready and shows the text that tokens will be added to. */
	async #begin(
		{ id, variant }: { readonly id: string; readonly variant?: string },
		base: Passage,
		hooks: JobHooks
	): Promise<{ engine: WriterEngine; model: PassageModel }> {
		this.#run.begin(base);
		const engine = await this.model.engine();
		const choice = variant === undefined ? { id } : { id, variant };
		const model = modelOf(await this.model.ready(choice, hooks));
		hooks.onStart();
		return { engine, model };
	}

	async #write(
		kind: BranchKind,
		base: Passage,
		settings: WriterSettings,
		parent = this.#tree.current
	): Promise<void> {
		await this.#run.start('write', async (hooks) => {
			const problem = settingsProblems(settings)[0];
			if (problem) throw new StudioError('bad-input', problem, 'Change it under Sampling.');
			const passage = await this.#generate({ kind, base, parent, settings }, hooks);
			this.#grow(kind, passage, parent);
			this.#onFinished(passage, kind);
			const run = passage.runs.at(-1);
			return run ? { kind: 'done', run } : { kind: 'idle' };
		});
	}

	/** Runs the model; what came before a failure is kept as a version before the error goes on. */
	async #generate({ kind, base, parent, settings }: Plan, hooks: JobHooks): Promise<Passage> {
		const { choice } = this.model;
		const { engine, model } = await this.#begin(choice, base, hooks);
		const streamed: TokenRecord[] = [];
		const onToken = (token: TokenRecord): void => {
			streamed.push(token);
			hooks.onToken(token);
		};
		try {
			const result = await writeBehind(engine, choice, base, settings, { ...hooks, onToken });
			return withResult(base, result, settings, await this.model.refreshed(model, choice));
		} catch (error) {
			if (streamed.length === 0) throw error;
			const finish = isAbort(error) ? 'aborted' : 'failed';
			const passage = withBrokenRun(base, streamed, finish, settings, model);
			if (finish === 'aborted') return passage;
			this.#grow(kind, passage, parent);
			this.#onFinished(passage, kind);
			throw error;
		}
	}
}
