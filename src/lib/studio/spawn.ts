import { wrap } from 'comlink';
import engineUrl from '../../../workers/engine.ts?worker&url';
import { StudioError } from '#lib/core/errors.ts';
import type { StudioApi } from './api.ts';
import type { EngineHandle } from './supervisor.ts';
import { installErrorTransfer } from './wire.ts';

interface TrustedTypes {
	createPolicy(
		name: string,
		rules: { createScriptURL: (url: string) => string }
	): { createScriptURL(url: string): URL };
}

/** The one policy of ours: it lets the engine's own worker script through, and nothing else. */
const policy = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy(
	'vitrine',
	{
		createScriptURL(url) {
			if (url === engineUrl) return url;
			throw new TypeError(`${url} is not a worker of this studio`);
		}
	}
);

/** Starts a fresh engine worker. */
export function spawnEngine(): EngineHandle {
	installErrorTransfer();
	const worker = new Worker(policy?.createScriptURL(engineUrl) ?? engineUrl, {
		type: 'module',
		name: 'vitrine-engine'
	});
	return {
		// comlink's Remote differs from StudioApi only in proxied callbacks, which it unwraps itself.
		api: wrap<StudioApi>(worker) as unknown as StudioApi,
		onCrash(listener) {
			const report = (detail: string): void =>
				listener(
					new StudioError(
						'device-lost',
						`The engine worker stopped (${detail}).`,
						'The studio starts a fresh one; try again if it does not go on.'
					)
				);
			worker.addEventListener('error', (event) => report(event.message || 'script error'));
			worker.addEventListener('messageerror', () => report('unreadable message'));
		},
		terminate: () => worker.terminate()
	};
}
