import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fail, root, run, say } from './run.mjs';

const STAMP = path.join(root, 'build', '.stamp');
const SOURCES = [
	'src/**/*',
	'workers/**/*',
	'static/**/*',
	'scripts/*.mjs',
	'package-lock.json',
	'vite.config.ts',
	'tsconfig.json'
];

/** Builds the studio into build/ unless the last build was made from the same sources. */
export function ensureBuild() {
	const stamp = fingerprint();
	if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === stamp) {
		say('The build is up to date');
		return;
	}
	say('Building the studio (npm run build)');
	if (run('npm', ['run', 'build']) !== 0) {
		fail('The build failed.', 'The lines above name the file; mend it and run this again.');
	}
	writeFileSync(STAMP, stamp);
}

/** A hash over names, sizes and times of everything the build reads. */
function fingerprint() {
	const hash = createHash('sha256');
	const files = SOURCES.flatMap((pattern) => globSync(pattern, { cwd: root })).sort();
	for (const file of files) {
		const stats = statSync(path.join(root, file));
		if (stats.isFile()) hash.update(`${file}\0${stats.size}\0${stats.mtimeMs}\n`);
	}
	return hash.update(process.env.BASE_PATH ?? '').digest('hex');
}
