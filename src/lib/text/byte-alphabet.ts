/**
 * The printable stand-ins of byte-level BPE: printable Latin-1 bytes stand for themselves, the other
 * 68 bytes for U+0100 onwards (GPT-2, Radford et al. 2019, `bytes_to_unicode`).
 * @returns character → byte
 */
function byteAlphabet(): ReadonlyMap<string, number> {
	const printable = (byte: number): boolean =>
		(byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
	const alphabet = new Map<string, number>();
	let standIn = 256;
	for (let byte = 0; byte < 256; byte++) {
		alphabet.set(String.fromCharCode(printable(byte) ? byte : standIn++), byte);
	}
	return alphabet;
}

/** Character of a byte-level vocabulary → the byte it stands for. */
export const BYTE_OF_CHARACTER = byteAlphabet();
