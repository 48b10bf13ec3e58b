import type { StudioError } from '../../core/errors.ts';
import { memoryError } from '../engine-errors.ts';

/** How long the news of a lost device may lag behind the error it causes. */
const LOSS_LAG_MS = 50;

const pause = (milliseconds: number) =>
	new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** What a watch needs to know of a device. */
export interface WatchedDevice {
	/** Resolves when the device is gone. */
	readonly lost: Promise<StudioError>;
	/** Calls back when the GPU ran out of memory outside any call of ours. */
	onOutOfMemory(listener: () => void): void;
}

/**
 * Turns the two silent ways in which GPU work fails into errors: work on a lost device may never end
 * or fail with any message, and an allocation that fails leaves buffers that read as zeros.
 */
export class DeviceWatch {
	private lostWith: StudioError | undefined;
	private outOfMemory = false;
	/** Rejects the work in progress; a set, because racing one long-lived promise would leak. */
	private readonly pending = new Set<(error: StudioError) => void>();

	constructor(device: WatchedDevice) {
		void device.lost.then((error) => {
			this.lostWith = error;
			for (const reject of this.pending) reject(error);
		});
		device.onOutOfMemory(() => {
			this.outOfMemory = true;
		});
	}

	/**
	 * The result of `work`, a job on the device.
	 * @param what names the job for the error
	 * @throws StudioError `device-lost` or `out-of-memory` when that is the cause
	 */
	async guard<T>(what: string, work: () => Promise<T>): Promise<T> {
		this.check(what);
		try {
			const result = await this.orLost(work());
			this.check(what);
			return result;
		} catch (error) {
			if (this.lostWith === undefined) await pause(LOSS_LAG_MS);
			this.check(what);
			throw error;
		}
	}

	private orLost<T>(work: Promise<T>): Promise<T> {
		return new Promise<T>((resolve, reject) => {
			this.pending.add(reject);
			void work.then(resolve, reject).finally(() => this.pending.delete(reject));
		});
	}

	private check(what: string): void {
		if (this.lostWith !== undefined) throw this.lostWith;
		if (this.outOfMemory) throw memoryError(what);
	}
}
