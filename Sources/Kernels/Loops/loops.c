#include <stdint.h>
#include <string.h>

#include "clones.h"
#include "cloops.h"

CLONES void host_negate(const float *x, float *y, int64_t n) { EACH y[i] = -x[i]; }
CLONES void host_square(const float *x, float *y, int64_t n) { EACH y[i] = x[i] * x[i]; }
CLONES void host_absolute(const float *x, float *y, int64_t n) {
  EACH y[i] = __builtin_fabsf(x[i]);
}
CLONES void host_relu(const float *x, float *y, int64_t n) {
  EACH y[i] = x[i] < 0.0f ? 0.0f : x[i];
}
CLONES void host_affine(const float *x, float scale, float shift, float *y, int64_t n) {
  EACH y[i] = scale * x[i] + shift;
}
CLONES void host_add(const float *a, const float *b, float *y, int64_t n) {
  EACH y[i] = a[i] + b[i];
}
CLONES void host_subtract(const float *a, const float *b, float *y, int64_t n) {
  EACH y[i] = a[i] - b[i];
}
CLONES void host_multiply(const float *a, const float *b, float *y, int64_t n) {
  EACH y[i] = a[i] * b[i];
}
CLONES void host_divide(const float *a, const float *b, float *y, int64_t n) {
  EACH y[i] = a[i] / b[i];
}
CLONES void host_divide_by(const float *a, float b, float *y, int64_t n) {
  EACH y[i] = a[i] / b;
}
static inline float within(float x, float bound) {
  x = x > bound ? bound : x;
  return x < -bound ? -bound : x;
}
CLONES void host_perturb(
    const float *x, const float *noise, float noise_bound, float bound, float *y, int64_t n) {
  EACH y[i] = within(x[i] + within(noise[i], noise_bound), bound);
}
CLONES void host_fill(float value, float *y, int64_t n) { EACH y[i] = value; }

CLONES void host_square_backward(const float *dy, const float *x, float *dx, int64_t n) {
  EACH dx[i] = 2.0f * x[i] * dy[i];
}
CLONES void host_absolute_backward(const float *dy, const float *x, float *dx, int64_t n) {
  EACH dx[i] = x[i] > 0.0f ? dy[i] : (x[i] < 0.0f ? -dy[i] : 0.0f);
}
CLONES void host_relu_backward(const float *dy, const float *y, float *dx, int64_t n) {
  EACH dx[i] = y[i] > 0.0f ? dy[i] : 0.0f;
}
CLONES void host_tanh_backward(const float *dy, const float *y, float *dx, int64_t n) {
  EACH dx[i] = dy[i] * (1.0f - y[i] * y[i]);
}
CLONES void host_sigmoid_backward(const float *dy, const float *y, float *dx, int64_t n) {
  EACH dx[i] = dy[i] * (y[i] * (1.0f - y[i]));
}

CLONES void host_axpy(float scale, const float *x, float *y, int64_t n) {
  EACH y[i] += scale * x[i];
}

#define LOAD(v, p) memcpy(&v, p, sizeof(lanes))
// Lane i of a vector, folded by halves: the order is the same whatever the processor.
#define FOLD(v) \
  for (int width = 8; width; width /= 2) \
    for (int i = 0; i < width; i++) v[i] += v[i + width];

// Four vectors of lanes over a block, doubles over blocks: the error stays that of 16 additions.
enum { block = 1024 };

CLONES float host_sum(const float *x, int64_t n) {
  double total = 0;
  int64_t at = 0;
  do {
    int64_t end = n - at < block ? n : at + block;
    lanes a = 0, b = 0, c = 0, d = 0, t;
    for (; at + 64 <= end; at += 64) {
      LOAD(t, x + at), a += t;
      LOAD(t, x + at + 16), b += t;
      LOAD(t, x + at + 32), c += t;
      LOAD(t, x + at + 48), d += t;
    }
    for (; at + 16 <= end; at += 16) LOAD(t, x + at), a += t;
    a = (a + b) + (c + d);
    float rest = 0;
    for (; at < end; at++) rest += x[at];
    FOLD(a)
    total += (double)(a[0] + rest);
  } while (at < n);
  return (float)total;
}

CLONES float host_dot(const float *x, const float *y, int64_t n) {
  double total = 0;
  int64_t at = 0;
  do {
    int64_t end = n - at < block ? n : at + block;
    lanes a = 0, b = 0, c = 0, d = 0, s, t;
    for (; at + 64 <= end; at += 64) {
      LOAD(s, x + at), LOAD(t, y + at), a += s * t;
      LOAD(s, x + at + 16), LOAD(t, y + at + 16), b += s * t;
      LOAD(s, x + at + 32), LOAD(t, y + at + 32), c += s * t;
      LOAD(s, x + at + 48), LOAD(t, y + at + 48), d += s * t;
    }
    for (; at + 16 <= end; at += 16) LOAD(s, x + at), LOAD(t, y + at), a += s * t;
    a = (a + b) + (c + d);
    float rest = 0;
    for (; at < end; at++) rest += x[at] * y[at];
    FOLD(a)
    total += (double)(a[0] + rest);
  } while (at < n);
  return (float)total;
}

CLONES float host_maximum(const float *x, int64_t n) {
  lanes best = -__builtin_inff(), t;
  int64_t at = 0;
  for (; at + 16 <= n; at += 16) LOAD(t, x + at), best = ((t > best) | (t != t)) ? t : best;
  float maximum = -__builtin_inff();
  for (int i = 0; i < 16; i++)
    maximum = best[i] > maximum || best[i] != best[i] ? best[i] : maximum;
  for (; at < n; at++) maximum = x[at] > maximum || x[at] != x[at] ? x[at] : maximum;
  return maximum;
}

CLONES bool host_any_above(const float *x, float threshold, int64_t n) {
  int above = 0;
  for (int64_t i = 0; i < n; i++) above |= x[i] > threshold;
  return above != 0;
}

CLONES void host_column_sums(
    const float *x, int64_t ldx, const float *scale, int64_t ld_scale, bool accumulate, float *y,
    int64_t m, int64_t n) {
  enum { tile = 64, rows = 64 };
  for (int64_t column = 0; column < n; column += tile) {
    int64_t width = n - column < tile ? n - column : tile;
    float part[tile];
    double total[tile];
    for (int64_t j = 0; j < width; j++) total[j] = accumulate ? (double)y[column + j] : 0;
    for (int64_t start = 0; start < m; start += rows) {
      int64_t end = m - start < rows ? m : start + rows;
      memset(part, 0, sizeof part);
      for (int64_t i = start; i < end; i++) {
        const float *row = x + i * ldx + column;
        float s = scale ? scale[i * ld_scale] : 1.0f;
        for (int64_t j = 0; j < width; j++) part[j] += s * row[j];
      }
      for (int64_t j = 0; j < width; j++) total[j] += (double)part[j];
    }
    for (int64_t j = 0; j < width; j++) y[column + j] = (float)total[j];
  }
}

#if defined(__x86_64__)
unsigned host_flush_subnormals(void) {
  unsigned before = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(before | 0x8040);
  return before;
}
void host_restore_subnormals(unsigned before) { __builtin_ia32_ldmxcsr(before); }
#else
unsigned host_flush_subnormals(void) { return 0; }
void host_restore_subnormals(unsigned before) { (void)before; }
#endif

// Subnormal numbers slow a product down tenfold, and decay leads dead weights to them: what a step
// leaves below 2^-100 is 0.
static inline float settled(float x) { return __builtin_fabsf(x) < 0x1p-100f ? 0.0f : x; }

#define ADAM_STEP(i)                                                              \
  float gradient = scale * g[i] + decay * p[i];                                   \
  float first = beta1 * m[i] + rest1 * gradient;                                  \
  float second = beta2 * v[i] + rest2 * (gradient * gradient);                    \
  float root = __builtin_elementwise_sqrt(second) * root_scale + epsilon;         \
  float value = settled(p[i] - rate * first / root);                              \
  m[i] = settled(first);                                                          \
  v[i] = settled(second);                                                         \
  p[i] = value;                                                                   \
  g[i] = 0.0f;

CLONES void host_adam(
    float *restrict p, float *restrict g, float *restrict m, float *restrict v,
    float *restrict target, int64_t n, const struct adam_settings *settings) {
  float scale = settings->scale, rate = settings->rate, beta1 = settings->beta1;
  float beta2 = settings->beta2, rest1 = 1.0f - beta1, rest2 = 1.0f - beta2;
  float root_scale = settings->root_scale, epsilon = settings->epsilon;
  float decay = settings->decay, tau = settings->tau, rest = 1.0f - tau;
  if (target) {
    EACH {
      ADAM_STEP(i)
      target[i] = settled(tau * value + rest * target[i]);
    }
  } else {
    EACH { ADAM_STEP(i) }
  }
}

CLONES void host_soft_update(float *target, const float *source, float tau, int64_t n) {
  float rest = 1.0f - tau;
  EACH target[i] = settled(tau * source[i] + rest * target[i]);
}
