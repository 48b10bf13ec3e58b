/** Something the person should know about, that is not the answer to what they just asked. */
export interface Notice {
	readonly kind: 'fallback' | 'recovered' | 'storage' | 'info' | 'error';
	/** What happened, in one sentence. */
	readonly message: string;
	/** What it means for them or what they can do; empty when there is nothing to do. */
	readonly hint: string;
}
