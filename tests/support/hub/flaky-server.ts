import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a server may do wrong with a file; counts are of the next requests for it. */
export interface Fault {
	/** Ends the connection before this byte of the file. */
	cutAfter?: number;
	/** Flips a bit of this byte of the file. */
	flip?: number;
	/** Answers with this status and no file. */
	status?: number;
	/** Answers with these headers besides. */
	headers?: Record<string, string>;
	/** Sends the headers, then nothing for so many milliseconds. */
	stallMs?: number;
	/** Waits so many milliseconds between 1 MiB pieces. */
	slowMs?: number;
	/** How many requests it applies to; all when absent. */
	times?: number;
}

/** A loopback HTTP server whose faults a test chooses. */
export interface FlakyServer {
	readonly url: string;
	/** Files by absolute path (`/models/x/config.json`). */
	readonly files: Map<string, Uint8Array>;
	readonly faults: Map<string, Fault>;
	/** `GET path` or `GET path bytes=…`, in order. */
	readonly requests: string[];
	/** Bytes of bodies sent. */
	sent: number;
	ranges: boolean;
	etags: boolean;
	close(): Promise<void>;
}

const PIECE = 1024 * 1024;

/** Starts a {@link FlakyServer} on a free port. */
export async function flakyServer(): Promise<FlakyServer> {
	const server = createServer((request, response) => {
		void answer(state, request, response).catch(() => response.destroy());
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	const state: FlakyServer = {
		url: `http://127.0.0.1:${port}/`,
		files: new Map(),
		faults: new Map(),
		requests: [],
		sent: 0,
		ranges: true,
		etags: true,
		close: () =>
			new Promise((resolve) => {
				server.closeAllConnections();
				server.close(() => resolve());
			})
	};
	return state;
}

async function answer(
	state: FlakyServer,
	request: IncomingMessage,
	response: ServerResponse
): Promise<void> {
	const path = decodeURIComponent(request.url ?? '/');
	const range = request.headers.range;
	state.requests.push(`GET ${path}${range === undefined ? '' : ` ${range}`}`);
	const fault = takeFault(state, path);
	const file = state.files.get(path);
	if (fault.status !== undefined || !file) {
		response.writeHead(fault.status ?? 404, fault.headers).end();
		return;
	}
	const body = fault.flip === undefined ? file : flipped(file, fault.flip);
	const [start, end] = spanOf(state.ranges ? range : undefined, body.length);
	if (start >= body.length && body.length > 0) {
		response.writeHead(416, { 'content-range': `bytes */${body.length}` }).end();
		return;
	}
	const partial = state.ranges && range !== undefined;
	response.writeHead(partial ? 206 : 200, {
		'content-length': end - start,
		...(partial ? { 'content-range': `bytes ${start}-${end - 1}/${body.length}` } : {}),
		...(state.etags ? { etag: `"${createHash('sha1').update(file).digest('hex')}"` } : {}),
		...fault.headers
	});
	const cut = fault.cutAfter === undefined ? end : Math.min(end, Math.max(start, fault.cutAfter));
	await send(state, response, body.subarray(start, cut), fault);
	// A clean end of the connection, so that all that was written arrives before it.
	if (cut < end) response.socket?.end();
	else response.end();
}

async function send(
	state: FlakyServer,
	response: ServerResponse,
	body: Uint8Array,
	fault: Fault
): Promise<void> {
	if (fault.stallMs !== undefined) {
		response.flushHeaders();
		await wait(fault.stallMs);
	}
	for (let at = 0; at < body.length; at += PIECE) {
		const piece = body.subarray(at, at + PIECE);
		if (!response.write(piece)) {
			await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
		}
		state.sent += piece.length;
		if (fault.slowMs !== undefined) await wait(fault.slowMs);
	}
}

function takeFault(state: FlakyServer, path: string): Fault {
	const fault = state.faults.get(path);
	if (!fault) return {};
	if (fault.times === undefined) return fault;
	if (fault.times <= 0) return {};
	fault.times -= 1;
	return fault;
}

function spanOf(range: string | undefined, size: number): [number, number] {
	const match = /^bytes=(\d+)-(\d*)$/.exec(range ?? '');
	if (!match) return [0, size];
	return [Number(match[1]), match[2] ? Math.min(size, Number(match[2]) + 1) : size];
}

/** A copy with one bit of one byte changed. */
export function flipped(bytes: Uint8Array, at: number): Uint8Array<ArrayBuffer> {
	const copy = bytes.slice() as Uint8Array<ArrayBuffer>;
	copy[at] = (copy[at] ?? 0) ^ 1;
	return copy;
}

function wait(milliseconds: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
