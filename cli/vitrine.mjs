#!/usr/bin/env node
// The `vitrine` command. The sources are TypeScript that Node runs by stripping the types, which
// needs Node 22.18; an older Node hands over to the one in node_modules (package `node`).
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const stripsTypes = major > 22 || (major === 22 && minor >= 18);

if (stripsTypes) {
	const { main } = await import('./main.ts');
	await main();
} else {
	handOver(newerNode());
}

/** Path of the Node that came with the dependencies; undefined when they are not installed. */
function newerNode() {
	try {
		const require = createRequire(import.meta.url);
		const path = join(dirname(require.resolve('node/package.json')), 'bin', 'node');
		return existsSync(path) ? path : undefined;
	} catch {
		return undefined;
	}
}

function handOver(node) {
	if (node === undefined) {
		console.error(
			`vitrine needs Node 22.18 or newer; this is ${process.version}.\n` +
				'Run `npm install` in the checkout (it brings a newer Node), or install one.'
		);
		process.exit(1);
	}
	const self = fileURLToPath(import.meta.url);
	const child = spawn(node, [self, ...process.argv.slice(2)], { stdio: 'inherit' });
	// The terminal sends an interrupt to both; the child decides what it means.
	process.on('SIGINT', () => undefined);
	process.on('SIGTERM', () => child.kill('SIGTERM'));
	child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGTERM' ? 143 : 1)));
}
