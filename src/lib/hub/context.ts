import type { StudioStore } from '../store/studio-store.ts';
import type { HubEnvironment } from './environment.ts';

/** What every job of the hub works with. */
export interface HubContext {
	readonly environment: HubEnvironment;
	readonly store: StudioStore;
}
