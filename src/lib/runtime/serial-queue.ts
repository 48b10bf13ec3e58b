/**
 * Runs jobs one after another. onnxruntime's module is not re-entrant: while a run waits for the GPU
 * no other run and no session creation may begin.
 */
export class SerialQueue {
	private tail: Promise<unknown> = Promise.resolve();

	/** Starts `job` when all earlier ones have ended, whether they succeeded or not. */
	add<T>(job: () => Promise<T>): Promise<T> {
		const result = this.tail.then(job);
		this.tail = result.catch(() => undefined);
		return result;
	}
}
