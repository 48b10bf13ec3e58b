/**
 * Files of the engine: worker scripts and onnxruntime-web's builds. They are large and a device
 * uses one build of several, so they are kept when used, not in advance.
 */
export function isEngineFile(pathname: string): boolean {
	return /\/_app\/immutable\/(workers|assets)\//.test(pathname) && /\.(wasm|m?js)$/.test(pathname);
}

/** Whether a file of the site is kept at installation: everything but models and engine builds. */
export function isKept(pathname: string): boolean {
	if (/\/models\/.+\/.+/.test(pathname) || pathname.endsWith('.map')) return false;
	return !isEngineFile(pathname) && !/\.wasm$/.test(pathname);
}
