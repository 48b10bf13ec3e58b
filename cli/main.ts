import { runCli } from './run-cli.ts';

/** The process's own terminal, and the end of the process: what `vitrine.mjs` calls. */
export async function main(): Promise<void> {
	const interrupt = new AbortController();
	process.once('SIGINT', () => interrupt.abort());
	// A reader that has seen enough (`| head`) closes the pipe.
	process.stdout.on('error', () => process.exit(0));
	const code = await runCli(process.argv.slice(2), {
		print: (text) => void process.stdout.write(text),
		note: (text) => void process.stderr.write(text),
		signal: interrupt.signal,
		now: () => performance.now(),
		pause: () => new Promise((resolve) => setImmediate(resolve))
	});
	process.exitCode = code;
	// WebAssembly threads would keep the process alive; what was printed must be out first.
	process.stdout.write('', () => process.exit());
}
