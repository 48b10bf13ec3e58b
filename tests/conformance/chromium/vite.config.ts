import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** A page of its own for engine tests in a browser: no SvelteKit, the same sources. */
export default defineConfig({
	root: fileURLToPath(new URL('.', import.meta.url)),
	// Relative, as the studio is built: it must work below any path.
	base: './',
	worker: { format: 'es' },
	build: { target: 'es2023', assetsInlineLimit: 0, outDir: 'dist', emptyOutDir: true },
	logLevel: 'warn'
});
