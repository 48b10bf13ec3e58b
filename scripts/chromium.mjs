import { existsSync } from 'node:fs';
import { fail, run, say, which } from './run.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/**
 * Path of a Chromium for the browser tests: `CHROMIUM`, one on the PATH, Playwright's own download,
 * or Debian's package, in that order.
 */
export async function ensureChromium() {
	const present = await findChromium();
	if (present) return present;
	say('Installing Chromium (Playwright’s download)');
	run('npx', ['playwright', 'install', 'chromium']);
	const downloaded = await findChromium();
	if (downloaded) return downloaded;
	say('Installing Chromium (Debian’s package)');
	const sudo = process.getuid?.() === 0 ? [] : ['sudo'];
	const apt = (...args) => {
		const [command, ...rest] = [...sudo, 'apt-get', ...args];
		return run(command, rest, { env: { DEBIAN_FRONTEND: 'noninteractive' } });
	};
	if (which('apt-get')) {
		apt('update', '-qq');
		apt('install', '-y', '-qq', 'chromium');
	}
	const installed = await findChromium();
	if (!installed) {
		fail(
			'No Chromium was found, and neither Playwright nor apt-get could install one.',
			'Install Chromium or Chrome and set CHROMIUM to its path.'
		);
	}
	return installed;
}

/** Path of a Chromium that is already there, or undefined. */
export async function findChromium() {
	if (process.env.CHROMIUM && existsSync(process.env.CHROMIUM)) return process.env.CHROMIUM;
	for (const name of NAMES) {
		const found = which(name);
		if (found) return found;
	}
	const { chromium } = await import('@playwright/test');
	const own = chromium.executablePath();
	return own && existsSync(own) ? own : undefined;
}
