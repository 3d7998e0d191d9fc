#include "clones.h"
#include "cloops.h"

enum { together = 256 };

void host_tree_set(
    float *nodes, int64_t capacity, const int32_t *leaves, int64_t stride, const float *values,
    bool is_single, int64_t b) {
  int32_t at[together];
  for (int64_t i = 0; i < b;) {
    int64_t count = 0;
    for (; i < b && count < together; i++) {
      int32_t leaf = leaves[i * stride];
      if (leaf < 0 || leaf >= capacity) continue;
      at[count] = (int32_t)capacity + leaf;
      nodes[at[count++]] = values[is_single ? 0 : i];
    }
    for (int64_t level = capacity; level > 1; level /= 2)
      for (int64_t j = 0; j < count; j++) {
        int32_t node = at[j] /= 2;
        nodes[node] = nodes[2 * node] + nodes[2 * node + 1];
      }
  }
}

CLONES void host_tree_find(
    const float *nodes, int64_t capacity, int64_t filled, float *targets, int32_t *leaves,
    float *priorities, int64_t b) {
  int32_t last = (int32_t)(filled - 1);
  for (int64_t start = 0; start < b; start += together) {
    int64_t n = b - start < together ? b - start : together;
    float *target = targets + start;
    int32_t *node = leaves + start;
    for (int64_t i = 0; i < n; i++) node[i] = 1;
    for (int64_t level = 1; level < capacity; level *= 2) EACH {
      float left = nodes[2 * node[i]];
      bool is_left = target[i] < left;
      target[i] = is_left ? target[i] : target[i] - left;
      node[i] = 2 * node[i] + !is_left;
    }
    EACH {
      int32_t leaf = node[i] - (int32_t)capacity;
      leaf = leaf > last ? last : leaf;
      node[i] = leaf;
      priorities[start + i] = nodes[capacity + leaf];
    }
  }
}

// 2^(power · log2 x) in double. With x = 2^e · m, m in [sqrt 1/2, sqrt 2) and s = (m - 1)/(m + 1),
// log m = 2 (s + s^3/3 + ...); 2^t = 2^n · exp(r) by the series of exp.
static inline float power_one(float x, double power) {
  union { double value; uint64_t bits; } u = {(double)x};
  uint64_t shifted = u.bits + (0x3ff0000000000000u - 0x3fe6a09e667f3bcdu);
  double e = (double)((int64_t)(shifted >> 52) - 1023);
  u.bits = (shifted & 0xfffffffffffffu) + 0x3fe6a09e667f3bcdu;
  double s = (u.value - 1.0) / (u.value + 1.0);
  double z = s * s;
  double p = 1.0 / 15;
  p = p * z + 1.0 / 13;
  p = p * z + 1.0 / 11;
  p = p * z + 1.0 / 9;
  p = p * z + 1.0 / 7;
  p = p * z + 1.0 / 5;
  p = p * z + 1.0 / 3;
  double t = power * (e + (s + s * z * p) * 2.8853900817779268);
  t = t > 300.0 ? 300.0 : t;
  t = t < -300.0 ? -300.0 : t;
  union { double value; uint64_t bits; } n = {t + 0x1.8p52};
  double r = (t - (n.value - 0x1.8p52)) * 0.69314718055994531;
  double y = 1.0 / 3628800;
  y = y * r + 1.0 / 362880;
  y = y * r + 1.0 / 40320;
  y = y * r + 1.0 / 5040;
  y = y * r + 1.0 / 720;
  y = y * r + 1.0 / 120;
  y = y * r + 1.0 / 24;
  y = y * r + 1.0 / 6;
  y = y * r + 0.5;
  y = y * r + 1.0;
  y = y * r + 1.0;
  u.bits = (n.bits + 1023) << 52;
  float result = (float)(y * u.value);
  float infinity = __builtin_inff();
  result = x == 0.0f ? (power > 0.0 ? 0.0f : infinity) : result;
  result = x == infinity ? (power > 0.0 ? infinity : 0.0f) : result;
  result = x != x || x < 0.0f ? __builtin_nanf("") : result;
  return power == 0.0 ? 1.0f : result;
}

CLONES void host_power(const float *x, float power, float *y, int64_t n) {
  EACH y[i] = power_one(x[i], (double)power);
}
