/** One observation of a job: how much was done at what time. */
export interface ProgressSample {
	/** Milliseconds on any monotonic clock. */
	readonly at: number;
	readonly done: number;
}

/** Samples older than this many milliseconds say nothing about the present speed. */
const WINDOW_MS = 8_000;
/** Before this many milliseconds of observation an estimate would jump about. */
const WARM_UP_MS = 600;

/**
 * Keeps the samples of the last eight seconds; a job that went back (a restart) begins anew.
 * @returns a new list, oldest first
 */
export function addSample(
	samples: readonly ProgressSample[],
	sample: ProgressSample
): readonly ProgressSample[] {
	const last = samples.at(-1);
	if (last && sample.done < last.done) return [sample];
	const recent = samples.filter((old) => sample.at - old.at <= WINDOW_MS);
	return [...recent, sample];
}

/**
 * Remaining time of a job by its mean speed over the recent samples.
 * @param samples oldest first, see {@link addSample}
 * @param total amount at which the job is done, in the unit of `done`
 * @returns milliseconds, or undefined while nothing sound can be said
 */
export function estimateRemaining(
	samples: readonly ProgressSample[],
	total: number | undefined
): number | undefined {
	const first = samples[0];
	const last = samples.at(-1);
	if (!first || !last || total === undefined) return undefined;
	const elapsed = last.at - first.at;
	const gained = last.done - first.done;
	if (elapsed < WARM_UP_MS || gained <= 0) return undefined;
	return (Math.max(0, total - last.done) * elapsed) / gained;
}
