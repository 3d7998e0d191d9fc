#pragma once
#include <stdint.h>

// One element; a loop over them becomes vectors. Errors as copenblas.h states them.
static inline float from_bits(uint32_t bits) {
  union { uint32_t bits; float value; } u = {bits};
  return u.value;
}
static inline uint32_t to_bits(float value) {
  union { float value; uint32_t bits; } u = {value};
  return u.bits;
}

#define LN2_HIGH 0.693145751953125f
#define LN2_LOW 1.428606765330187e-6f

// P of exp(r) = 1 + r + r²P(r), minimax on ±ln 2 / 2.
static inline float exp_tail(float r) {
  float p = 0.000197892659f;
  p = p * r + 0.00139457523f;
  p = p * r + 0.0083335042f;
  p = p * r + 0.0416662805f;
  p = p * r + 0.166666657f;
  p = p * r + 0.5f;
  return p;
}

// exp(x) = 2^n · exp(r), n = round(x / ln 2), exp(r) = 1 + r + r²P(r). 2^n is applied in two exact factors, so that a subnormal result is rounded once.
static inline float exp_one(float x) {
  float t = x < -104.0f ? -104.0f : x;
  t = t > 89.0f ? 89.0f : t;
  float shifted = t * 1.44269504f + 12582912.0f;
  float n = shifted - 12582912.0f;
  float r = t - n * LN2_HIGH;
  r = r - n * LN2_LOW;
  float y = 1.0f + (r + r * r * exp_tail(r));
  int32_t whole = (int32_t)(to_bits(shifted) & 0x7fffff) - 0x400000;
  int32_t half = whole >> 1;
  y = y * from_bits((uint32_t)(half + 127) << 23);
  y = y * from_bits((uint32_t)(whole - half + 127) << 23);
  return x != x ? x : y;
}

// log(2^e · m), m in [√½, √2): with s = (m − 1)/(m + 1), log m = 2s + s³R(s²).
// f = m − 1 is kept exact: 2s = f − s·f.
static inline float log_one(float x) {
  float scaled = x < 1.17549435e-38f ? x * 8388608.0f : x;
  float e = x < 1.17549435e-38f ? -23.0f : 0.0f;
  uint32_t bits = to_bits(scaled) + (0x3f800000u - 0x3f3504f3u);
  e = e + (float)((int32_t)(bits >> 23) - 127);
  float f = from_bits((bits & 0x7fffffu) + 0x3f3504f3u) - 1.0f;
  float s = f / (2.0f + f);
  float z = s * s;
  float p = 0.235851765f;
  p = p * z + 0.285371572f;
  p = p * z + 0.400003374f;
  p = p * z + 0.666666627f;
  // log m = f − (f²/2 − s(f²/2 + z·p)), whose terms shrink as f² does.
  float h = 0.5f * f * f;
  float tail = h - s * (h + z * p);
  float y = e * LN2_HIGH + (f - (tail - e * LN2_LOW));
  y = x == 0.0f ? -__builtin_inff() : y;
  y = x < 0.0f ? __builtin_nanf("") : y;
  return x == __builtin_inff() || x != x ? x : y;
}

// log(1 + e): the rounding of 1 + e is put back by its first-order effect. e in [0, 1].
static inline float log1p_one(float e) {
  float u = 1.0f + e;
  return log_one(u) + (e - (u - 1.0f)) / u;
}

// P of tanh x = x + x³P(x²), minimax below 0.625.
static inline float tanh_tail(float z) {
  float p = 0.00214753696f;
  p = p * z - 0.00818267372f;
  p = p * z + 0.0217029676f;
  p = p * z - 0.0539472029f;
  p = p * z + 0.133332103f;
  p = p * z - 0.333333313f;
  return p;
}

// Odd minimax polynomial below 0.625, 1 − 2/(exp(2|x|) + 1) above.
static inline float tanh_one(float x) {
  float a = x < 0.0f ? -x : x;
  float z = x * x;
  float near = x + x * z * tanh_tail(z);
  float far = 1.0f - 2.0f / (exp_one(2.0f * a) + 1.0f);
  far = x < 0.0f ? -far : far;
  return a < 0.625f ? near : far;
}

static inline float sigmoid_one(float x) {
  float e = exp_one(x < 0.0f ? x : -x);
  return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}
