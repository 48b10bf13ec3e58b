import { connect, WindowMessenger, type RemoteProxy } from 'penpal';
import type { ErrorRecord } from '#lib/core/errors.ts';
import { toStudioError } from '#lib/core/errors.ts';
import type { TokenRecord } from '#lib/core/generation.ts';
import {
	PROTOCOL_VERSION,
	readEmbedRequest,
	type EmbedRequest,
	type EmbedResult,
	type HostMethods
} from './protocol.ts';

/** What the writer in the frame can be asked to do. */
export interface FrameWriter {
	generate(request: EmbedRequest): Promise<EmbedResult>;
	stop(): void;
}

/** Tells the host what happens in the frame, also when a person in the frame started it. */
export interface FrameEvents {
	token(token: TokenRecord): void;
	result(result: EmbedResult): void;
	error(error: ErrorRecord): void;
}

/**
 * Offers the writer to the page that embeds it. Messages of origins that are not on the list are
 * ignored by penpal before they reach us.
 */
export function serveFrame(
	parent: Window,
	allowedOrigins: readonly string[],
	writer: FrameWriter
): { readonly events: FrameEvents; readonly close: () => void } {
	const messenger = new WindowMessenger({
		remoteWindow: parent,
		allowedOrigins: [...allowedOrigins]
	});
	const connection = connect<{ [K in keyof HostMethods]: HostMethods[K] }>({
		messenger,
		methods: {
			async generate(request: unknown): Promise<EmbedResult> {
				try {
					return await writer.generate(readEmbedRequest(request));
				} catch (error) {
					// A plain record crosses windows whole; an Error would lose code and hint.
					throw toStudioError(error).toRecord();
				}
			},
			stop: () => writer.stop()
		}
	});
	const tell = (
		call: (host: RemoteProxy<{ [K in keyof HostMethods]: HostMethods[K] }>) => unknown
	) => void connection.promise.then(call).catch(() => undefined);
	tell((host) => host.ready({ version: PROTOCOL_VERSION }));
	return {
		events: {
			token: (token) => tell((host) => host.token(token)),
			result: (result) => tell((host) => host.result(result)),
			error: (error) => tell((host) => host.error(error))
		},
		close: () => connection.destroy()
	};
}
