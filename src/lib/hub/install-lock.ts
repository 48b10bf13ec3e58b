import type { OnProgress, Progress } from '../core/progress.ts';
import type { HubEnvironment } from './environment.ts';

/** Least time between two messages to other tabs, in milliseconds. */
const SHARE_EVERY_MS = 250;

interface SharedProgress {
	readonly key: string;
	readonly progress: Progress;
}

/** Name of the lock under which a variant is installed or repaired. */
export function installLock(key: string): string {
	return `vitrine:install:${key}`;
}

/**
 * Runs an installation while no other tab or worker installs the same thing. Whoever waits sees the
 * progress of the one that works.
 * @param key names the variant
 * @param work gets where to report its progress
 */
export async function withInstallLock<T>(
	environment: HubEnvironment,
	key: string,
	options: { readonly onProgress?: OnProgress; readonly signal?: AbortSignal },
	work: (onProgress: OnProgress) => Promise<T>
): Promise<T> {
	const { channel, locks, now } = environment;
	const { onProgress, signal } = options;
	let last = -Infinity;
	const share = (progress: Progress): void => {
		onProgress?.(progress);
		if (now() - last < SHARE_EVERY_MS) return;
		last = now();
		channel.post({ key, progress } satisfies SharedProgress);
	};
	const stop = channel.listen((message) => {
		if (isSharedProgress(message) && message.key === key) onProgress?.(message.progress);
	});
	try {
		return await locks.hold(installLock(key), signal, async () => {
			stop();
			return work(share);
		});
	} finally {
		stop();
	}
}

function isSharedProgress(message: unknown): message is SharedProgress {
	const shared = message as Partial<SharedProgress> | null;
	return typeof shared?.key === 'string' && typeof shared.progress?.done === 'number';
}
