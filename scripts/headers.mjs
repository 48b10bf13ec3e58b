/**
 * Response headers of the studio. The page's own policy (scripts by hash) is a <meta> that the
 * build writes; what a <meta> cannot say (who may frame a page, isolation) is said here.
 */

const COMMON = {
	'Cross-Origin-Embedder-Policy': 'require-corp',
	'X-Content-Type-Options': 'nosniff',
	'Referrer-Policy': 'no-referrer',
	'Permissions-Policy': 'geolocation=(), microphone=(), payment=(), usb=()'
};

/** Pages and files: isolated, so that SharedArrayBuffer and exact timers work; framed by nobody. */
const PAGE = {
	...COMMON,
	'Cross-Origin-Opener-Policy': 'same-origin',
	'Cross-Origin-Resource-Policy': 'same-origin',
	'Content-Security-Policy': "frame-ancestors 'self'"
};

/**
 * Files that a cross-site embed loads from its own origin are same-origin to the frame; only the
 * embedded document itself has to be readable by a COEP host.
 */
function embedHeaders(frameAncestors) {
	return {
		...COMMON,
		'Cross-Origin-Opener-Policy': 'unsafe-none',
		'Cross-Origin-Resource-Policy': 'cross-origin',
		'Content-Security-Policy': `frame-ancestors ${frameAncestors}`
	};
}

/**
 * @param {string} pathname path below the site's root, with a leading slash
 * @param {{ frameAncestors?: string }} options CSP source list of the origins that may embed the
 *   writer, `'self'` by default
 * @returns {Record<string, string>}
 */
export function headersFor(pathname, { frameAncestors = "'self'" } = {}) {
	const headers = /^\/embed(\/|$)/.test(pathname) ? embedHeaders(frameAncestors) : { ...PAGE };
	headers['Cache-Control'] = pathname.includes('/_app/immutable/')
		? 'public, max-age=31536000, immutable'
		: 'no-cache';
	return headers;
}
