import adapter from '@sveltejs/adapter-static';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vite';

/** Kit positions its route announcer with one inline style; this is its hash. */
const KIT_STYLE = 'sha256-S8qMpvofolR8Mpjy4kQvEm7m1q8clzU4dfDH0AmvZjo=';

export default defineConfig({
	plugins: [
		sveltekit({
			adapter: adapter({ fallback: '404.html' }),
			paths: { relative: true },
			csp: {
				mode: 'hash',
				directives: {
					'default-src': ['none'],
					'script-src': ['self', 'wasm-unsafe-eval'],
					'worker-src': ['self'],
					'connect-src': ['self', 'blob:'],
					'img-src': ['self', 'data:', 'blob:'],
					'style-src': ['self'],
					'style-src-attr': ['unsafe-hashes', KIT_STYLE],
					'font-src': ['self'],
					'manifest-src': ['self'],
					'frame-src': ['self'],
					'base-uri': ['none'],
					'form-action': ['none'],
					'require-trusted-types-for': ['script'],
					'trusted-types': ['svelte-trusted-html', 'sveltekit-trusted-url', 'vitrine']
				}
			},
			version: { pollInterval: 0 }
		})
	],
	worker: { format: 'es' },
	build: { target: 'es2023' }
});
