/* Fused element-wise kernels of the CPU training step. bf16 values are the upper halves of floats.
 * Shapes: T tokens, D width, F feed-forward width, L sequence length. All arrays are dense,
 * row-major. Compiled by fast.py with -O3 -march=native -ffast-math. */
#include <math.h>
#include <stdint.h>
#include <string.h>

typedef uint16_t bf16;

static inline float up(bf16 v) {
	uint32_t u = (uint32_t)v << 16;
	float f;
	memcpy(&f, &u, 4);
	return f;
}

static inline bf16 down(float f) { /* round to nearest, ties to even; no NaN comes here */
	uint32_t u;
	memcpy(&u, &f, 4);
	return (bf16)((u + 0x7fff + ((u >> 16) & 1)) >> 16);
}

/* x += add (unless add is NULL); h = x / rms(x) * w; r[t] = 1 / rms. */
void rms_forward(float *restrict x, const bf16 *restrict add, const float *restrict w,
		bf16 *restrict h, float *restrict r, float *restrict copy, long T, long D, float eps) {
	for (long t = 0; t < T; t++) {
		float *xt = x + t * D, sum = 0;
		if (add)
			for (long i = 0; i < D; i++) xt[i] += up(add[t * D + i]);
		for (long i = 0; i < D; i++) sum += xt[i] * xt[i];
		float s = 1.0f / sqrtf(sum / D + eps);
		r[t] = s;
		for (long i = 0; i < D; i++) h[t * D + i] = down(xt[i] * s * w[i]);
		memcpy(copy + t * D, xt, D * sizeof(float)); /* kept for the backward pass */
	}
}

/* dx += gradient through the norm; dw += its weight gradient; g = bf16(dx). */
void rms_backward(const bf16 *restrict dh, const float *restrict x, const float *restrict w,
		const float *restrict r, float *restrict dx, float *restrict dw, bf16 *restrict g,
		long T, long D) {
	for (long t = 0; t < T; t++) {
		const bf16 *d = dh + t * D;
		const float *xt = x + t * D;
		float *o = dx + t * D, s = r[t], dot = 0;
		for (long i = 0; i < D; i++) dot += up(d[i]) * w[i] * xt[i];
		float c = dot * s * s * s / D;
		for (long i = 0; i < D; i++) {
			float di = up(d[i]);
			dw[i] += di * xt[i] * s;
			o[i] += di * w[i] * s - xt[i] * c;
			g[t * D + i] = down(o[i]);
		}
	}
}

/* gu = [gate | up] of width 2F; a = silu(gate) * up. */
void swiglu_forward(const bf16 *restrict gu, bf16 *restrict a, long T, long F) {
	for (long t = 0; t < T; t++) {
		const bf16 *g = gu + t * 2 * F, *u = g + F;
		for (long i = 0; i < F; i++) {
			float z = up(g[i]);
			a[t * F + i] = down(z / (1.0f + expf(-z)) * up(u[i]));
		}
	}
}

/* Overwrites gu with its gradient, from da. */
void swiglu_backward(bf16 *restrict gu, const bf16 *restrict da, long T, long F) {
	for (long t = 0; t < T; t++) {
		bf16 *restrict g = gu + t * 2 * F, *restrict u = g + F;
		for (long i = 0; i < F; i++) {
			float z = up(g[i]), v = up(u[i]), d = up(da[t * F + i]);
			float s = 1.0f / (1.0f + expf(-z));
			g[i] = down(d * v * s * (1.0f + z * (1.0f - s)));
			u[i] = down(d * z * s);
		}
	}
}

/* qkv [B, L, (KV*R + 2*KV)*64] -> q [B, KV, R, L, 64] rotated and scaled, k, v [B, KV, L, 64].
 * Half-rotated rotary embedding (Hugging Face convention): pairs are (i, i + 32). */
void rope_forward(const bf16 *restrict qkv, const float *restrict cs, const float *restrict sn,
		bf16 *restrict q, bf16 *restrict k, bf16 *restrict v, long B, long L, long KV, long R,
		float scale) {
	long W = (KV * R + 2 * KV) * 64;
	for (long b = 0; b < B; b++)
		for (long t = 0; t < L; t++) {
			const bf16 *row = qkv + (b * L + t) * W;
			const float *c = cs + t * 32, *s = sn + t * 32;
			for (long h = 0; h < KV * R + KV; h++) {
				int query = h < KV * R;
				bf16 *o = query ? q + ((b * KV * R + h) * L + t) * 64
					: k + ((b * KV + h - KV * R) * L + t) * 64;
				float f = query ? scale : 1.0f;
				const bf16 *p = row + h * 64;
				for (long i = 0; i < 32; i++) {
					float x = up(p[i]) * f, y = up(p[i + 32]) * f;
					o[i] = down(x * c[i] - y * s[i]);
					o[i + 32] = down(y * c[i] + x * s[i]);
				}
			}
			for (long h = 0; h < KV; h++)
				memcpy(v + ((b * KV + h) * L + t) * 64, row + (KV * R + KV + h) * 64, 128);
		}
}

/* The transpose of rope_forward: gradients of q, k, v -> gradient of qkv. */
void rope_backward(const bf16 *restrict q, const bf16 *restrict k, const bf16 *restrict v,
		const float *restrict cs, const float *restrict sn, bf16 *restrict qkv, long B, long L,
		long KV, long R, float scale) {
	long W = (KV * R + 2 * KV) * 64;
	for (long b = 0; b < B; b++)
		for (long t = 0; t < L; t++) {
			bf16 *row = qkv + (b * L + t) * W;
			const float *c = cs + t * 32, *s = sn + t * 32;
			for (long h = 0; h < KV * R + KV; h++) {
				int query = h < KV * R;
				const bf16 *p = query ? q + ((b * KV * R + h) * L + t) * 64
					: k + ((b * KV + h - KV * R) * L + t) * 64;
				float f = query ? scale : 1.0f;
				bf16 *o = row + h * 64;
				for (long i = 0; i < 32; i++) {
					float x = up(p[i]) * f, y = up(p[i + 32]) * f;
					o[i] = down(x * c[i] + y * s[i]);
					o[i + 32] = down(y * c[i] - x * s[i]);
				}
			}
			for (long h = 0; h < KV; h++)
				memcpy(row + (KV * R + KV + h) * 64, v + ((b * KV + h) * L + t) * 64, 128);
		}
}

/* [B, H, L, 64] <-> [B, L, H, 64]: from head-major to token-major, or back. */
void heads_to_tokens(const bf16 *restrict a, bf16 *restrict o, long B, long H, long L) {
	for (long b = 0; b < B; b++)
		for (long t = 0; t < L; t++)
			for (long h = 0; h < H; h++)
				memcpy(o + ((b * L + t) * H + h) * 64, a + ((b * H + h) * L + t) * 64, 128);
}

void tokens_to_heads(const bf16 *restrict a, bf16 *restrict o, long B, long H, long L) {
	for (long b = 0; b < B; b++)
		for (long h = 0; h < H; h++)
			for (long t = 0; t < L; t++)
				memcpy(o + ((b * H + h) * L + t) * 64, a + ((b * L + t) * H + h) * 64, 128);
}

/* In place: rows of scores [N, L, K] -> causal softmax; row t sees keys 0..t+offset. */
void softmax_forward(bf16 *restrict s, long N, long L, long K, long offset) {
	for (long n = 0; n < N; n++)
		for (long t = 0; t < L; t++) {
			bf16 *row = s + (n * L + t) * K;
			long seen = t + offset + 1;
			float e[4096], top = -1e30f, sum = 0;
			for (long i = 0; i < seen; i++) {
				e[i] = up(row[i]);
				top = e[i] > top ? e[i] : top;
			}
			for (long i = 0; i < seen; i++) {
				e[i] = expf(e[i] - top);
				sum += e[i];
			}
			float f = 1.0f / sum;
			for (long i = 0; i < seen; i++) row[i] = down(e[i] * f);
			memset(row + seen, 0, (K - seen) * sizeof(bf16));
		}
}

/* d = p * (d - sum(p * d)) in place: gradient of the scores. */
void softmax_backward(const bf16 *restrict p, bf16 *restrict d, long N, long L, long K,
		long offset) {
	for (long n = 0; n < N; n++)
		for (long t = 0; t < L; t++) {
			const bf16 *pr = p + (n * L + t) * K;
			bf16 *dr = d + (n * L + t) * K;
			long seen = t + offset + 1;
			float dot = 0;
			for (long i = 0; i < seen; i++) dot += up(pr[i]) * up(dr[i]);
			for (long i = 0; i < seen; i++) dr[i] = down(up(pr[i]) * (up(dr[i]) - dot));
			memset(dr + seen, 0, (K - seen) * sizeof(bf16));
		}
}

/* Replaces logits [T, V] by the gradient of scale * cross-entropy; returns the summed loss. */
double cross_entropy(bf16 *restrict logits, const int64_t *restrict target, long T, long V,
		float scale) {
	double total = 0;
	for (long t = 0; t < T; t++) {
		bf16 *row = logits + t * V;
		float e[8192], top = -1e30f, sum = 0;
		for (long i = 0; i < V; i++) {
			e[i] = up(row[i]);
			top = e[i] > top ? e[i] : top;
		}
		float goal = e[target[t]];
		for (long i = 0; i < V; i++) {
			e[i] = expf(e[i] - top);
			sum += e[i];
		}
		total += logf(sum) + top - goal;
		float f = scale / sum;
		for (long i = 0; i < V; i++) row[i] = down(e[i] * f);
		row[target[t]] = down(e[target[t]] * f - scale);
	}
	return total;
}

/* grad[ids[t]] += d[t] */
void embedding_backward(const float *restrict d, const int64_t *restrict ids, float *restrict grad,
		long T, long D) {
	for (long t = 0; t < T; t++) {
		float *g = grad + ids[t] * D;
		for (long i = 0; i < D; i++) g[i] += d[t * D + i];
	}
}
