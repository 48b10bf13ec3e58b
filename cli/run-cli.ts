import { toStudioError } from '#lib/core/errors.ts';
import { UsageError } from './usage-error.ts';
import type { Terminal } from './verb.ts';
import { VERBS } from './verbs.ts';

/** The overview that `vitrine --help` prints. */
export function overview(): string {
	const width = Math.max(...Object.keys(VERBS).map((name) => name.length));
	const verbs = Object.entries(VERBS).map(
		([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`
	);
	return `vitrine VERB [arguments]

${verbs.join('\n')}

vitrine VERB --help shows a verb's options.

Exit codes: 0 done · 1 failed · 2 the command line makes no sense · 130 stopped by Ctrl-C.
Errors are two lines on standard error: what is wrong, and what to do. With --json, standard output
holds {"error": {"code", "message", "hint"}} as well, so it is always one JSON object.
`;
}

/**
 * Runs one command line.
 * @param args what follows `vitrine`
 * @returns the exit code
 */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
	try {
		return await dispatch(args, terminal);
	} catch (error) {
		const { code, message, hint } = toStudioError(
			error,
			'Please report this as a fault of vitrine.'
		);
		terminal.note(`vitrine: ${message}\n${hint}\n`);
		if (args.includes('--json')) {
			terminal.print(`${JSON.stringify({ error: { code, message, hint } })}\n`);
		}
		return error instanceof UsageError ? 2 : 1;
	}
}

async function dispatch(args: readonly string[], terminal: Terminal): Promise<number> {
	const [name, ...rest] = args;
	if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
		terminal.print(overview());
		return name === undefined ? 2 : 0;
	}
	const entry = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
	if (!entry) {
		throw new UsageError(
			`There is no verb "${name}".`,
			`The verbs are: ${Object.keys(VERBS).join(', ')}. Run vitrine --help for more.`
		);
	}
	const verb = await entry.load();
	return verb.run(rest, terminal);
}
