/**
 * Bit flags of the WebGPU specification (`GPUBufferUsage`, `GPUMapMode`); TypeScript's libraries
 * declare the interfaces but not these namespaces.
 */
export const BUFFER_USAGE = {
	mapRead: 0x1,
	copySource: 0x4,
	copyTarget: 0x8,
	storage: 0x80
} as const;

export const MAP_MODE_READ = 0x1;
