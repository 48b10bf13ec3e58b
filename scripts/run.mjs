import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the repository. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

const bin = path.join(root, 'node_modules', '.bin');

/** Environment in which the project's own tools, Node 24 among them, come first on the PATH. */
export function toolEnvironment(extra = {}) {
	return { ...process.env, PATH: bin + path.delimiter + process.env.PATH, ...extra };
}

/** Prints a heading so that a reader of the log sees what runs now. */
export function say(text) {
	console.log(`\n\u001b[1m▸ ${text}\u001b[0m`);
}

/** Ends the process with a sentence that says what failed and what to do. */
export function fail(message, hint) {
	console.error(`\n✗ ${message}\n  ${hint}`);
	process.exit(1);
}

/**
 * Runs a command with its output shown.
 * @returns {number} the exit status; 1 when the command could not be started
 */
export function run(command, args, { env = {}, cwd = root } = {}) {
	const result = spawnSync(command, args, { cwd, stdio: 'inherit', env: toolEnvironment(env) });
	if (result.error) console.error(`${command}: ${result.error.message}`);
	return result.status ?? 1;
}

/** Starts a command that runs beside us; its output is shown. */
export function start(command, args, env = {}) {
	return spawn(command, args, { cwd: root, stdio: 'inherit', env: toolEnvironment(env) });
}

/** Whether an executable of this name is on the PATH, and where. */
export function which(name) {
	const found = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' });
	return found.status === 0 ? found.stdout.trim() : undefined;
}

/** Installs the npm packages when the lock file says that something is missing. */
export function installPackages() {
	const wanted = readFileSync(path.join(root, 'package-lock.json'), 'utf8');
	const hidden = path.join(root, 'node_modules', '.package-lock.json');
	const node = path.join(bin, 'node');
	if (!existsSync(hidden) || !installedMatches(wanted, readFileSync(hidden, 'utf8'))) {
		say('Installing npm packages (npm ci)');
		if (run('npm', ['ci', '--no-audit', '--no-fund']) !== 0) {
			fail(
				'npm ci did not succeed.',
				'Check the network and the npm registry, then run this again.'
			);
		}
	}
	// npm may refuse install scripts; the package "node" needs its own to fetch Node 24.
	if (!existsSync(node) || spawnSync(node, ['--version']).status !== 0) {
		run('npm', ['rebuild', 'node', '--foreground-scripts']);
	}
	if (spawnSync(node, ['--version']).status !== 0) {
		fail(
			'The npm package "node" did not install Node 24.',
			'Allow its install script (npm rebuild node), or use Node 24 yourself.'
		);
	}
}

function installedMatches(wantedText, installedText) {
	const wanted = JSON.parse(wantedText).packages;
	const installed = JSON.parse(installedText).packages;
	return Object.entries(wanted).every(([name, entry]) => {
		if (name === '' || entry.optional || entry.link || !name.startsWith('node_modules/'))
			return true;
		return installed[name]?.version === entry.version;
	});
}
