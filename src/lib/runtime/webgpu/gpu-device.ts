import { StudioError } from '../../core/errors.ts';
import type { DeviceReport } from '../../core/device.ts';

/** Features that the engine's kernels use when they are there. */
const FEATURES = ['shader-f16', 'subgroups', 'chromium-experimental-subgroup-matrix'];

/**
 * onnxruntime-web 1.30.0's fused attention gives wrong logits (off by 2 to 6) on prompts of 33 tokens
 * and more when a subgroup may have 4 lanes, as software adapters have; without the feature its
 * kernels are exact. Subgroups of 8 and more, which all GPUs have, are not affected.
 */
const SMALLEST_SAFE_SUBGROUP = 8;

function featuresFor(adapter: GPUAdapter): GPUFeatureName[] {
	const small = (adapter.info.subgroupMinSize ?? Infinity) < SMALLEST_SAFE_SUBGROUP;
	return FEATURES.filter(
		(name) => adapter.features.has(name) && !(small && name.includes('subgroup'))
	) as GPUFeatureName[];
}

/** Limits that the engine's kernels read; the adapter's best are asked for. */
const LIMITS = [
	'maxBufferSize',
	'maxStorageBufferBindingSize',
	'maxStorageBuffersPerShaderStage',
	'maxBindGroups',
	'maxComputeWorkgroupStorageSize',
	'maxComputeInvocationsPerWorkgroup',
	'maxComputeWorkgroupSizeX',
	'maxComputeWorkgroupSizeY',
	'maxComputeWorkgroupSizeZ',
	'maxComputeWorkgroupsPerDimension'
] as const;

export interface GpuDevice {
	readonly device: GPUDevice;
	readonly name: string;
	readonly features: readonly string[];
	readonly limits: DeviceReport['limits'];
	/** Resolves when the device is gone. */
	readonly lost: Promise<StudioError>;
}

function unsupported(message: string, cause?: unknown): StudioError {
	return new StudioError(
		'unsupported',
		message,
		'The studio runs on the CPU instead; a current browser with hardware acceleration on has WebGPU.',
		{ cause }
	);
}

function nameOf(info: GPUAdapterInfo): string {
	const parts = [info.description, info.vendor, info.architecture, info.device];
	const named = parts.filter((part, i) => part !== '' && parts.indexOf(part) === i);
	return named.join(' ') || 'WebGPU adapter';
}

async function requestDevice(adapter: GPUAdapter): Promise<GPUDevice> {
	const requiredFeatures = featuresFor(adapter);
	const requiredLimits = Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]]));
	try {
		return await adapter.requestDevice({ requiredFeatures, requiredLimits });
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		throw unsupported(`The GPU adapter gave no device: ${reason}`, error);
	}
}

/**
 * Asks the browser for a GPU device with all that the engine can use.
 * @throws StudioError `unsupported` when there is no WebGPU, no adapter, or no device
 */
export async function openGpuDevice(): Promise<GpuDevice> {
	const gpu = (globalThis.navigator as Navigator | undefined)?.gpu;
	if (gpu === undefined) throw unsupported('This browser has no WebGPU.');
	const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
	if (adapter === null)
		throw unsupported('This browser has WebGPU but found no GPU adapter for it.');
	const device = await requestDevice(adapter);
	const lost = device.lost.then(
		({ message, reason }) =>
			new StudioError(
				'device-lost',
				`The GPU device was lost (${reason}): ${message || 'the browser gave no reason'}`,
				'The studio starts a fresh engine; what was written is kept.'
			)
	);
	return {
		device,
		name: nameOf(adapter.info),
		features: [...device.features].sort(),
		limits: Object.fromEntries(LIMITS.map((name) => [name, device.limits[name]])),
		lost
	};
}
