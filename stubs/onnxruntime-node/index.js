// Vitrine runs onnxruntime-web everywhere, Node included: the native package downloads binaries
// from outside the npm registry at install and is never imported by our code.
export * from 'onnxruntime-web';
