import path from 'node:path';
import { defineConfig } from 'vite';

const here = import.meta.dirname;

export default defineConfig({
	root: path.join(here, 'page'),
	base: './',
	publicDir: false,
	worker: { format: 'es' },
	build: { target: 'es2023', outDir: path.join(here, 'dist'), emptyOutDir: true }
});
