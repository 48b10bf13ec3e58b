import type { Message } from '@bufbuild/protobuf';

/**
 * A shallow copy of a protobuf message with some fields replaced. Spreading would lose the
 * prototype, where proto2 messages keep the defaults of fields that are not set.
 */
export function patchMessage<T extends Message>(message: T, changes: Partial<T>): T {
	const copy = Object.create(Object.getPrototypeOf(message) as object | null) as T;
	return Object.assign(copy, message, changes);
}
