// transformers.js uses sharp to decode images in Node; Vitrine only uses its tokenizers there.
export default function sharp() {
	throw new Error('sharp is stubbed out in Vitrine: decode images in the browser instead.');
}
