#include <stdint.h>
#include <string.h>

#include "clones.h"
#include "cloops.h"
#include "vmath.h"

// Unit j of each array, once for all n. With AVX-512 the last vector is masked: with 50 units the two
// that are left would else cost as much as the three whole ones. A mask costs AVX2 more than it saves.
#define UNITS(unit) \
  if (blas_vector_level() >= 4) { \
    _Pragma("clang loop vectorize(assume_safety) vectorize_width(16) vectorize_predicate(enable)") \
    for (int64_t j = 0; j < n; j++) unit; \
  } else { \
    _Pragma("clang loop vectorize(assume_safety) vectorize_width(16)") \
    for (int64_t j = 0; j < n; j++) unit; \
  }
#define UNIT static inline __attribute__((always_inline)) void

// exp(-|x|), not below 1e-38.
static inline float decay_one(float x) {
  float t = x < 0.0f ? x : -x;
  t = t < -87.0f ? -87.0f : t;
  float shifted = t * 1.44269504f + 12582912.0f;
  float n = shifted - 12582912.0f;
  float r = t - n * LN2_HIGH;
  r = r - n * LN2_LOW;
  float y = 1.0f + (r + r * r * exp_tail(r));
  return y * from_bits((to_bits(shifted) << 23) + 0x3f800000u);
}
// Of sigmoid and tanh, whose denominators are 1 + decay: in 1 ... 2, so that the product of four can
// be divided by at once.
static inline float sigmoid_part(float x, float decay) { return x < 0.0f ? decay : 1.0f; }
static inline float tanh_of(float x, float decay, float inverse) {
  float far = (1.0f - decay) * inverse;
  float z = x * x;
  return z < 0.390625f ? x + x * z * tanh_tail(z) : (x < 0.0f ? -far : far);
}
static inline float tanh_quick(float x) {
  float e = decay_one(2.0f * x);
  return tanh_of(x, e, 1.0f / (1.0f + e));
}

UNIT lstm_unit(
    float *gates, const float *before, float *cell, float *hidden, int64_t n, int64_t j) {
  float *i = gates, *f = gates + n, *g = gates + 2 * n, *o = gates + 3 * n;
  float ei = decay_one(i[j]), ef = decay_one(f[j]), eg = decay_one(2.0f * g[j]);
  float eo = decay_one(o[j]);
  float left = (1.0f + ei) * (1.0f + ef), right = (1.0f + eg) * (1.0f + eo);
  float inverse = 1.0f / (left * right), of_left = inverse * right, of_right = inverse * left;
  float in = sigmoid_part(i[j], ei) * (of_left * (1.0f + ef));
  float forget = sigmoid_part(f[j], ef) * (of_left * (1.0f + ei));
  float new = tanh_of(g[j], eg, of_right * (1.0f + eo));
  float out = sigmoid_part(o[j], eo) * (of_right * (1.0f + eg));
  float sum = forget * before[j] + in * new;
  i[j] = in;
  f[j] = forget;
  g[j] = new;
  o[j] = out;
  cell[j] = sum;
  hidden[j] = out * tanh_quick(sum);
}
CLONES void host_lstm_gates(
    float *gates, const float *before, float *cell, float *hidden, int64_t n) {
  UNITS(lstm_unit(gates, before, cell, hidden, n, j))
}

UNIT lstm_unit_backward(
    float *dhidden, float *dcell, const float *dy, float *gates, const float *before,
    const float *cell, int64_t n, int64_t j) {
  float *i = gates, *f = gates + n, *g = gates + 2 * n, *o = gates + 3 * n;
  float in = i[j], forget = f[j], new = g[j], out = o[j];
  float dh = dhidden[j] + dy[j], squashed = tanh_quick(cell[j]);
  float dc = dcell[j] + dh * out * (1.0f - squashed * squashed);
  i[j] = dc * new * (in * (1.0f - in));
  f[j] = dc * before[j] * (forget * (1.0f - forget));
  g[j] = dc * in * (1.0f - new * new);
  o[j] = dh * squashed * (out * (1.0f - out));
  dcell[j] = dc * forget;
  dhidden[j] = 0.0f;
}
CLONES void host_lstm_gates_backward(
    float *dhidden, float *dcell, const float *dy, float *gates, const float *before,
    const float *cell, int64_t n) {
  UNITS(lstm_unit_backward(dhidden, dcell, dy, gates, before, cell, n, j))
}

UNIT gru_unit(
    float *gates, const float *recurrent, const float *before, float *hidden, int64_t n, int64_t j) {
  float *r = gates, *u = gates + n, *c = gates + 2 * n;
  float er = decay_one(r[j]), eu = decay_one(u[j]);
  float inverse = 1.0f / ((1.0f + er) * (1.0f + eu));
  float reset = sigmoid_part(r[j], er) * (inverse * (1.0f + eu));
  float update = sigmoid_part(u[j], eu) * (inverse * (1.0f + er));
  float new = tanh_quick(c[j] + reset * recurrent[j]);
  r[j] = reset;
  u[j] = update;
  c[j] = new;
  hidden[j] = new + update * (before[j] - new);
}
CLONES void host_gru_gates(
    float *gates, const float *recurrent, const float *before, float *hidden, int64_t n) {
  UNITS(gru_unit(gates, recurrent, before, hidden, n, j))
}

UNIT gru_unit_backward(
    float *dhidden, const float *dy, float *gates, const float *recurrent, const float *before,
    float *drecurrent, int64_t n, int64_t j) {
  float *r = gates, *u = gates + n, *c = gates + 2 * n;
  float *dr = drecurrent, *du = drecurrent + n, *dc = drecurrent + 2 * n;
  float reset = r[j], update = u[j], new = c[j], dh = dhidden[j] + dy[j];
  float dnew = dh * (1.0f - update) * (1.0f - new * new);
  float dupdate = dh * (before[j] - new) * (update * (1.0f - update));
  float dreset = dnew * recurrent[j] * (reset * (1.0f - reset));
  r[j] = dreset;
  u[j] = dupdate;
  c[j] = dnew;
  dr[j] = dreset;
  du[j] = dupdate;
  dc[j] = dnew * reset;
  dhidden[j] = dh * update;
}
CLONES void host_gru_gates_backward(
    float *dhidden, const float *dy, float *gates, const float *recurrent, const float *before,
    float *drecurrent, int64_t n) {
  UNITS(gru_unit_backward(dhidden, dy, gates, recurrent, before, drecurrent, n, j))
}

void host_transpose(const float *x, float *y, int64_t m, int64_t n) {
  enum { side = 16 };
  for (int64_t row = 0; row < m; row += side)
    for (int64_t column = 0; column < n; column += side)
      for (int64_t j = column; j < n && j < column + side; j++)
        for (int64_t i = row; i < m && i < row + side; i++) y[j * m + i] = x[i * n + j];
}
