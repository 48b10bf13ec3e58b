import type {
	ModelSummary,
	ModelTask,
	StorageReport,
	VariantSummary,
	VerifyReport
} from '#lib/core/catalogue.ts';
import type { DeviceReport } from '#lib/core/device.ts';
import type { JobVerb } from '#lib/state/models.svelte.ts';
import { formatBytes, formatNumber } from '#lib/ui/format.ts';

export const TASK_NAMES: Readonly<Record<ModelTask, string>> = {
	'text-generation': 'writes text',
	'image-generation': 'makes images',
	'style-transfer': 'restyles images',
	other: 'other'
};

export const SOURCE_NAMES: Readonly<Record<ModelSummary['source'], string>> = {
	bundled: 'part of this site',
	hub: 'from a hub',
	disk: 'from a folder on disk'
};

/** What a running job is called while it has not said so itself. */
export const VERB_NAMES: Readonly<Record<JobVerb, string>> = {
	install: 'Downloading',
	verify: 'Checking',
	remove: 'Deleting',
	import: 'Reading the folder'
};

/** Whether a variant is on this machine, in a few words. */
export function variantStatus(variant: VariantSummary): string {
	if (variant.installed) return 'Installed';
	if (variant.partialBytes <= 0) return 'Not on this machine';
	return `${formatBytes(variant.partialBytes)} of ${formatBytes(variant.bytes)} kept`;
}

/** Variants in the order of interest: the device's default, then the smaller ones. */
export function orderVariants({
	variants,
	defaultVariant
}: Pick<ModelSummary, 'variants' | 'defaultVariant'>): VariantSummary[] {
	const rank = ({ name }: VariantSummary): number => (name === defaultVariant ? 0 : 1);
	return [...variants].sort((a, b) => rank(a) - rank(b) || a.bytes - b.bytes);
}

/** What a check found, as a notice. */
export function verifySummary(report: VerifyReport): {
	kind: 'success' | 'warning' | 'error';
	message: string;
	hint?: string;
} {
	const checked = `${formatBytes(report.checkedBytes)} checked`;
	const count = (chunks: readonly string[]): string =>
		`${chunks.length} ${chunks.length === 1 ? 'chunk' : 'chunks'}`;
	if (report.damaged.length > 0) {
		return {
			kind: 'error',
			message: `${checked}: ${count(report.damaged)} damaged and not replaced (${report.damaged.join(', ')}).`,
			hint: 'Check again with a network, or delete the variant and get it anew.'
		};
	}
	if (report.repaired.length > 0) {
		return {
			kind: 'warning',
			message: `${checked}: ${count(report.repaired)} damaged and fetched again (${report.repaired.join(', ')}).`,
			hint: 'The model is whole now.'
		};
	}
	return { kind: 'success', message: `${checked}, every hash agrees.` };
}

/** What deleting a variant means. */
export function removalConsequence(model: ModelSummary, variant: VariantSummary): string {
	const frees = `This frees ${formatBytes(variant.installed ? variant.bytes : variant.partialBytes)}.`;
	if (model.source === 'disk') return `${frees} To get it back you need its folder.`;
	return `${frees} It can be fetched again, with a network.`;
}

/** Whether the browser may throw the models away. */
export function keepingPromise(storage: StorageReport): string {
	if (storage.kind === 'memory') {
		return 'This browser gives the page no storage (a private window, or a frame without it). Models are held in memory and gone with this tab.';
	}
	return storage.persistent
		? 'Persistent: the browser promised not to evict it.'
		: 'Not persistent: the browser may evict it when the disk runs low. Installing the studio as an app, or a bookmark, makes the promise likelier.';
}

/** Why models do not run on the GPU; undefined when they do. */
export function whyNotGpu({ provider, fallbackReason }: DeviceReport): string | undefined {
	if (provider === 'webgpu') return undefined;
	return (
		fallbackReason ??
		'This browser offers no WebGPU here: it is too old, or the page is neither https nor localhost.'
	);
}

/** Limits of WebGPU that are measured in bytes; the others are counts (WebGPU, §3.6.2). */
const BYTE_LIMITS: ReadonlySet<string> = new Set([
	'maxBufferSize',
	'maxStorageBufferBindingSize',
	'maxUniformBufferBindingSize',
	'maxComputeWorkgroupStorageSize',
	'maxVertexBufferArrayStride',
	'minStorageBufferOffsetAlignment',
	'minUniformBufferOffsetAlignment'
]);

/** A limit of WebGPU with its unit. */
export function formatLimit(name: string, value: number): string {
	return BYTE_LIMITS.has(name) ? formatBytes(value) : formatNumber(value);
}
