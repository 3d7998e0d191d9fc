// Draws of Philox4x32-10: block i is words 4i ..< 4i + 4 of a draw (Random.swift).
// `last` is the largest float below `high`, to which the sum may round. uint2 arguments are the
// low and high words of a 64-bit key or counter.

// The words of a draw in runs from `at` on, each word a number in [0, 1); an item does BLOCK blocks.
#ifdef CPU_FORM
#define RUN 16
typedef float16 run;
#define load_run load_vec
#define store_run store_vec
#define FOR_RUNS(at, draw)                                                                \
  int16 words_[4];                                                                        \
  run draw;                                                                               \
  for (int at = 4 * BLOCK * (int)get_global_id(0), end_ = min(count, at + 4 * BLOCK);     \
       at < end_                                                                          \
       && (at % 64 > 0 || (draw_words(key, counter, (uint)at / 4, words_), true))         \
       && (draw = convert_float16(words_[at / 16 % 4]) * 0x1p-24f, true);                 \
       at += RUN)
#else
#define RUN 4
typedef float4 run;
#define FOR_RUNS(at, draw)                                                                \
  run draw;                                                                               \
  for (int at = 4 * (int)get_global_id(0), end_ = min(count, at + 4);                     \
       at < end_                                                                          \
       && (draw = convert_float4(philox(key, counter, (uint)at / 4) >> 8) * 0x1p-24f, true); \
       at += RUN)
float4 load_run(const __global float *p, int width) {
  if (width == 4) return vload4(0, p);
  return (float4)(p[0], width > 1 ? p[1] : 0.0f, width > 2 ? p[2] : 0.0f, 0.0f);
}
void store_run(float4 value, __global float *p, int width) {
  if (width == 4) {
    vstore4(value, 0, p);
    return;
  }
  p[0] = value.x;
  if (width > 1) p[1] = value.y;
  if (width > 2) p[2] = value.z;
}
#endif

// y_j = low + (high - low) * (word_j >> 8) * 2^-24.
ELEMENTS uniform_draw(
    OUT(float, y), int count, float low, float high, float last, uint2 key, uint2 counter) {
  AT(y);
  FOR_RUNS(at, draw)
    store_run(fmin(low + (high - low) * draw, last), y + at, min(RUN, count - at));
}

// The pairs of words (2i, 2i + 1) that one step of normal_draw turns into as many pairs of draws.
#ifdef CPU_FORM
typedef uint8 pair_words;
typedef float8 pairs;
#define PAIRS 8
#define convert_pairs convert_float8
#define store_pairs vstore8
#else
typedef uint2 pair_words;
typedef float2 pairs;
#define PAIRS 2
#define convert_pairs convert_float2
#define store_pairs vstore2
#endif

// Box-Muller over the words (2i, 2i + 1): mean + deviation * r * (cos, sin)(theta).
ELEMENTS normal_draw(
    OUT(float, y), int count, float mean, float deviation, uint2 key, uint2 counter) {
  AT(y);
  FOR_ELEMENTS(i, (count + 2 * PAIRS - 1) / (2 * PAIRS)) {
#ifdef CPU_FORM
    const uint first = 4u * (uint)i;
    const uint4 w0 = philox(key, counter, first), w1 = philox(key, counter, first + 1);
    const uint4 w2 = philox(key, counter, first + 2), w3 = philox(key, counter, first + 3);
    const pair_words even = (uint8)(w0.xz, w1.xz, w2.xz, w3.xz) >> 8;
    const pair_words odd = (uint8)(w0.yw, w1.yw, w2.yw, w3.yw) >> 8;
#else
    const uint4 word = philox(key, counter, (uint)i) >> 8;
    const pair_words even = word.xz, odd = word.yw;
#endif
    const pairs r = sqrt(-2.0f * log(convert_pairs(even + 1u) * 0x1p-24f));
    const pairs theta = 6.283185307179586f * (convert_pairs(odd) * 0x1p-24f);
    float draws[2][PAIRS];
    const pairs cosine = mean + deviation * (r * cos(theta));
    const pairs sine = mean + deviation * (r * sin(theta));
    store_pairs(cosine, 0, draws[0]);
    store_pairs(sine, 0, draws[1]);
    const int from = 2 * PAIRS * i;
    for (int l = 0; l < min(2 * PAIRS, count - from); ++l) y[from + l] = draws[l % 2][l / 2];
  }
}

// Row i of x[m, n] becomes draws i*n ..< i*n + n of `values` in [low, high) where draw i of `coin`
// is below `probability`.
ELEMENTS replace_rows(
    OUT(float, x), int m, int n, float probability, float low, float high, float last,
    uint2 coin_key, uint2 coin_counter, uint2 value_key, uint2 value_counter) {
  AT(x);
  const int row = ROW_OF(n);
  if (row >= m || philox_unit(coin_key, coin_counter, (uint)row) >= probability) return;
  FOR_ROW_ELEMENTS(j, n) {
    const uint draw = (uint)row * (uint)n + (uint)j;
    const float value = low + (high - low) * philox_unit(value_key, value_counter, draw);
    x[(size_t)row * n + j] = fmin(value, last);
  }
}

// y_j = x_j * scale, 0 where the uniform of word j is below `rate`.
ELEMENTS dropout(
    OUT(float, y), IN(float, x), int count, float rate, float scale, uint2 key, uint2 counter) {
  AT(y), AT(x);
  FOR_RUNS(at, draw) {
    const int width = min(RUN, count - at);
    store_run(select(load_run(x + at, width) * scale, (run)(0.0f), draw < rate), y + at, width);
  }
}

// y_j = 1 where the uniform of word j is below the sigmoid of x_j, else 0.
ELEMENTS bernoulli(OUT(float, y), IN(float, x), int count, uint2 key, uint2 counter) {
  AT(y), AT(x);
  FOR_RUNS(at, draw) {
    const int width = min(RUN, count - at);
    const run chance = 1.0f / (1.0f + exp(-load_run(x + at, width)));
    store_run(select((run)(0.0f), (run)(1.0f), draw < chance), y + at, width);
  }
}
