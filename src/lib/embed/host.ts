import { connect, WindowMessenger, type RemoteProxy } from 'penpal';
import type { FrameMethods, HostMethods } from './protocol.ts';

/**
 * The host's side: what a page that embeds the writer does. The page on embedding shows this code
 * and runs it.
 * @param frame the `<iframe>` whose `src` is the studio's `embed/`
 * @param origin exact origin of the studio
 * @param listeners what the host wants to hear
 */
export function connectFrame(
	frame: HTMLIFrameElement,
	origin: string,
	listeners: Partial<HostMethods>
): {
	readonly writer: Promise<RemoteProxy<{ [K in keyof FrameMethods]: FrameMethods[K] }>>;
	readonly close: () => void;
} {
	const target = frame.contentWindow;
	if (!target) throw new Error('the iframe must be part of the page before it is connected');
	const nothing = (): void => undefined;
	const connection = connect<{ [K in keyof FrameMethods]: FrameMethods[K] }>({
		messenger: new WindowMessenger({ remoteWindow: target, allowedOrigins: [origin] }),
		methods: { ready: nothing, token: nothing, result: nothing, error: nothing, ...listeners }
	});
	return { writer: connection.promise, close: () => connection.destroy() };
}
