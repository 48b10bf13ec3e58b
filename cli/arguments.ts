import { parseArgs, type ParseArgsConfig } from 'node:util';
import { UsageError } from './usage-error.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/**
 * Parses a verb's arguments with Node's own parser.
 * @throws UsageError for unknown options and missing values
 */
export function readArguments<T extends Options>(args: string[], options: T) {
	try {
		return parseArgs({ args: joinNegatives(args), options, allowPositionals: true, strict: true });
	} catch (error) {
		const message = error instanceof Error ? error.message : String(error);
		// The parser's first sentence says what is wrong; the rest is about shells in general.
		const [first = message] = message.split(/\.\s|\n/);
		throw new UsageError(`${first.replace(/\.$/, '')}.`, 'Run with --help to see the options.');
	}
}

/** `--seed -1`: a negative number behind an option is its value, not an option of its own. */
function joinNegatives(args: readonly string[]): string[] {
	const joined: string[] = [];
	for (const arg of args) {
		const option = joined.at(-1);
		if (/^-\d/.test(arg) && option !== undefined && /^--[a-z-]+$/.test(option)) {
			joined[joined.length - 1] = `${option}=${arg}`;
		} else joined.push(arg);
	}
	return joined;
}

/**
 * Reads a number given as text.
 * @param fallback what an absent option means
 * @throws UsageError when the text is no number
 */
export function readNumber(name: string, text: string | undefined, fallback: number): number {
	if (text === undefined) return fallback;
	const value = text.trim() === '' ? NaN : Number(text);
	if (Number.isFinite(value)) return value;
	throw new UsageError(
		`--${name} must be a number, but is "${text}".`,
		`Write for example --${name} ${fallback}.`
	);
}

/** A number that must be whole. @throws UsageError when it is not, or is below `least` */
export function readWhole(
	name: string,
	text: string | undefined,
	fallback: number,
	least = 0
): number {
	const value = readNumber(name, text, fallback);
	if (Number.isSafeInteger(value) && value >= least) return value;
	throw new UsageError(
		`--${name} must be a whole number from ${least} up, but is "${text}".`,
		`Write for example --${name} ${fallback}.`
	);
}

/** The one operand of a verb. @throws UsageError when there is none or more than one */
export function readOperand(name: string, positionals: readonly string[]): string {
	const [operand, surplus] = positionals;
	if (operand === undefined) {
		throw new UsageError(`${name} is missing.`, 'Run with --help to see how to call it.');
	}
	if (surplus !== undefined) {
		throw new UsageError(
			`There is one ${name}, but "${surplus}" follows "${operand}".`,
			'Quote arguments that hold spaces.'
		);
	}
	return operand;
}
