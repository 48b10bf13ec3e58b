/** One message of a chat, as chat templates expect it. */
export interface ChatMessage {
	readonly role: 'system' | 'user' | 'assistant';
	readonly content: string;
}

/** Text ⇄ token ids of one model. */
export interface Tokenizer {
	readonly vocabSize: number;
	/** Ids that end a generation. */
	readonly endIds: readonly number[];
	/** Id put before a prompt when the model was trained so; undefined when it has none. */
	readonly beginId: number | undefined;
	/** Ids of a text; special tokens in the text itself are not interpreted. */
	encode(text: string): number[];
	/** Text of ids, special tokens left out. Incomplete UTF-8 at the end gives U+FFFD. */
	decode(ids: readonly number[]): string;
	/** The bytes a single token stands for (empty for special tokens). */
	bytesOf(id: number): Uint8Array;
	/** Ids of a chat under the model's own template; undefined when the model has none. */
	encodeChat?(messages: readonly ChatMessage[]): number[];
}
