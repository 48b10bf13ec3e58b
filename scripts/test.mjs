// npm test: install what is missing and run types, lint, unit, conformance and browser tests.
// `npm run test:full` (argument "full") runs the long suites. Ends with a line "N passed, N failed".
import { installPackages, root, run, say } from './run.mjs';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

const full = process.argv.includes('full');
const report = path.join(root, 'test-results', 'steps');

/** The suites in order; a step's own report says how many tests it ran. */
const STEPS = full
	? [['Unit and conformance tests, long', 'unit:full', 'vitest']]
	: [
			['Types', 'check', undefined],
			['Lint: format, rules, layers, cycles', 'lint', undefined],
			['Unit and conformance tests', 'unit', 'vitest'],
			['Build', 'build:fresh', undefined],
			['Browser tests', 'e2e', 'playwright']
		];

const COUNTERS = {
	vitest: (json) => ({
		passed: json.numPassedTests,
		failed: json.numFailedTests,
		skipped: json.numPendingTests + (json.numTodoTests ?? 0)
	}),
	playwright: ({ stats }) => ({
		passed: stats.expected + stats.flaky,
		failed: stats.unexpected,
		skipped: stats.skipped
	})
};

installPackages();
const chromium = run('node', [
	'--input-type=module',
	'-e',
	"import('./scripts/chromium.mjs').then((c) => c.ensureChromium())"
]);
if (chromium !== 0) process.exit(chromium);

const total = { passed: 0, failed: 0, skipped: 0 };
for (const [title, script, kind] of STEPS) {
	say(title);
	const started = Date.now();
	const file = path.join(report, `${script.replace(':', '-')}.json`);
	rmSync(file, { force: true });
	const status = run('npm', ['run', '--silent', script], { env: { VITRINE_REPORT: file } });
	const counts = kind
		? readCounts(file, kind)
		: { passed: status === 0 ? 1 : 0, failed: 0, skipped: 0 };
	if (status !== 0 && counts.failed === 0) counts.failed = 1;
	for (const key of Object.keys(total)) total[key] += counts[key];
	console.log(
		`${status === 0 ? '✓' : '✗'} ${title}: ${counts.passed} passed, ${counts.failed} failed, ` +
			`${counts.skipped} skipped in ${Math.round((Date.now() - started) / 1000)} s`
	);
	if (status !== 0 && script.startsWith('build')) break;
}
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed > 0 ? 1 : 0);

function readCounts(file, kind) {
	try {
		return COUNTERS[kind](JSON.parse(readFileSync(file, 'utf8')));
	} catch {
		return { passed: 0, failed: 1, skipped: 0 };
	}
}
