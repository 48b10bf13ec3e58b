/** How far a long job has come. `total` is absent while it is unknown. */
export interface Progress {
	readonly label: string;
	readonly done: number;
	readonly total?: number;
	readonly unit: 'bytes' | 'tokens' | 'steps' | 'tiles' | 'samples';
}

export type OnProgress = (progress: Progress) => void;
