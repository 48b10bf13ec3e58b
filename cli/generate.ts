import { readFile } from 'node:fs/promises';
import { text as readStream } from 'node:stream/consumers';
import { StudioError } from '#lib/core/errors.ts';
import type { GenerationRequest, GenerationResult } from '#lib/core/generation.ts';
import { checkRequest } from '#lib/text/check-request.ts';
import { generate } from '#lib/text/decode.ts';
import { adaptiveSpeculation } from '#lib/text/speculation.ts';
import { readArguments, readNumber, readOperand, readWhole } from './arguments.ts';
import { openDecoder, type OpenDecoder } from './open-decoder.ts';
import { UsageError } from './usage-error.ts';
import type { Terminal, Verb } from './verb.ts';

const OPTIONS = {
	prompt: { type: 'string' },
	'prompt-file': { type: 'string' },
	chat: { type: 'boolean' },
	'max-tokens': { type: 'string' },
	temperature: { type: 'string' },
	'top-k': { type: 'string' },
	'top-p': { type: 'string' },
	'min-p': { type: 'string' },
	'repetition-penalty': { type: 'string' },
	seed: { type: 'string' },
	stop: { type: 'string', multiple: true },
	variant: { type: 'string' },
	threads: { type: 'string' },
	speculate: { type: 'boolean' },
	json: { type: 'boolean' },
	help: { type: 'boolean' }
} as const;

const USAGE = `vitrine generate MODEL_DIR --prompt TEXT [options]

Writes text with a language model: a directory in Hugging Face layout (config.json,
tokenizer.json, onnx/model*.onnx), run by onnxruntime-web's WebAssembly.

  --prompt TEXT             the text to go on from; "" begins a new one
  --prompt-file FILE        read it from a file instead; - is standard input
  --chat                    put the prompt through the model's chat template
  --max-tokens N            most tokens to write (128)
  --temperature T           0 takes the likeliest token every time (0.8)
  --top-k K                 draw from the K likeliest tokens only; 0 is off (0)
  --top-p P                 draw from the likeliest tokens that together reach P; 1 is off (1)
  --min-p P                 drop tokens less likely than P times the likeliest; 0 is off (0.05)
  --repetition-penalty R    weaken tokens that the text already holds; 1 is off (1)
  --seed S                  the same seed draws the same text (0)
  --stop TEXT               end before this text; may be given several times
  --variant NAME            weight format: fp32, int8, q4, fp16, … (the model's default for WASM)
  --threads N               WebAssembly threads (1)
  --speculate               guess repeated passages ahead while that saves time; same text
  --json                    print one JSON object at the end instead of streaming text:
                            {"text", "tokens": [{"id", "text", "logprob"}], "promptTokens",
                             "tokensPerSecond", "timeToFirstTokenMs", "device"}
                            logprob is the model's own (natural log, before temperature and
                            filters); tokensPerSecond leaves the first token out.
`;

type Values = ReturnType<typeof readArguments<typeof OPTIONS>>['values'];

/** `vitrine generate`: text generation from the command line, on the code that the pages use. */
export const generateVerb: Verb = {
	usage: USAGE,
	async run(args, terminal) {
		const { values, positionals } = readArguments(args, OPTIONS);
		if (values.help) {
			terminal.print(USAGE);
			return 0;
		}
		const directory = readOperand('MODEL_DIR', positionals);
		const request = await readRequest(values);
		const threads = readWhole('threads', values.threads, 1, 1);
		const decoder = await openDecoder(directory, { variant: values.variant, threads });
		const result = await write(decoder, request, values, terminal);
		await decoder.session.dispose();
		if (values.json) terminal.print(`${JSON.stringify(report(result, decoder.device))}\n`);
		else terminal.note(`\n${summary(result, decoder)}\n`);
		return result.finish === 'aborted' ? 130 : 0;
	}
};

async function readRequest(values: Values): Promise<GenerationRequest> {
	const request: GenerationRequest = {
		prompt: await readPrompt(values),
		settings: {
			temperature: readNumber('temperature', values.temperature, 0.8),
			topK: readWhole('top-k', values['top-k'], 0),
			topP: readNumber('top-p', values['top-p'], 1),
			minP: readNumber('min-p', values['min-p'], 0.05),
			repetitionPenalty: readNumber('repetition-penalty', values['repetition-penalty'], 1),
			seed: readNumber('seed', values.seed, 0)
		},
		maxTokens: readWhole('max-tokens', values['max-tokens'], 128),
		stop: values.stop ?? [],
		alternatives: 0
	};
	try {
		checkRequest(request);
	} catch (error) {
		if (error instanceof StudioError) throw new UsageError(error.message, error.hint);
		throw error;
	}
	return request;
}

async function readPrompt(values: Values): Promise<string> {
	const { prompt, 'prompt-file': file } = values;
	if ((prompt === undefined) === (file === undefined)) {
		throw new UsageError(
			prompt === undefined ? '--prompt is missing.' : 'Both --prompt and --prompt-file are given.',
			'Give the text with --prompt TEXT, or a file with --prompt-file FILE.'
		);
	}
	if (file === undefined) return prompt ?? '';
	try {
		return file === '-' ? await readStream(process.stdin) : await readFile(file, 'utf8');
	} catch (error) {
		throw new StudioError(
			'not-found',
			`The prompt file cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
			'Check the path behind --prompt-file.',
			{ cause: error }
		);
	}
}

async function write(
	{ session, tokenizer }: OpenDecoder,
	request: GenerationRequest,
	values: Values,
	terminal: Terminal
): Promise<GenerationResult> {
	if (values.chat && !tokenizer.encodeChat) {
		throw new StudioError(
			'unsupported',
			'This model has no chat template.',
			'Leave out --chat and write the prompt as the text to go on from.'
		);
	}
	const promptIds = values.chat
		? tokenizer.encodeChat?.([{ role: 'user', content: request.prompt }])
		: undefined;
	return generate(session, tokenizer, request, {
		now: () => terminal.now(),
		pause: () => terminal.pause(),
		signal: terminal.signal,
		promptIds,
		...(values.speculate ? { speculation: adaptiveSpeculation() } : {}),
		emit(event) {
			if (event.kind === 'token' && !values.json) terminal.print(event.token.text);
		}
	});
}

/** The object that `--json` prints. */
function report(result: GenerationResult, device: string) {
	return {
		text: result.text,
		tokens: result.tokens.map(({ id, text, logprob }) => ({ id, text, logprob })),
		promptTokens: result.promptTokens,
		tokensPerSecond: result.tokensPerSecond,
		timeToFirstTokenMs: result.timeToFirstTokenMs,
		device
	};
}

const ENDS: Readonly<Record<GenerationResult['finish'], string>> = {
	end: 'the model ended the text',
	length: 'all tokens written',
	context: 'the context is full',
	stop: 'a stop text was reached',
	aborted: 'stopped'
};

function summary(result: GenerationResult, { variant, device }: OpenDecoder): string {
	const speed = `${result.tokensPerSecond.toFixed(1)} tokens/s`;
	const first = `first after ${result.timeToFirstTokenMs.toFixed(0)} ms`;
	return `[${ENDS[result.finish]}; ${result.tokens.length} tokens, ${speed}, ${first}, ${variant} on ${device}]`;
}
