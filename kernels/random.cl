// Draws of Philox4x32-10: block i is words 4i ..< 4i + 4 of a draw (Random.swift).
// `last` is the largest float below `high`, to which the sum may round. uint2 arguments are the
// low and high words of a 64-bit key or counter.

// y_j = low + (high - low) * (word_j >> 8) * 2^-24. An item its blocks of four.
ELEMENTS uniform_draw(
    OUT(float, y), int count, float low, float high, float last, uint2 key, uint2 counter) {
  AT(y);
  FOR_ELEMENTS(i, (count + 3) / 4) {
    const uint4 word = philox(key, counter, (uint)i) >> 8;
    const float4 value = fmin(low + (high - low) * (convert_float4(word) * 0x1p-24f), last);
    if (4 * i + 3 < count) {
      vstore4(value, i, y);
    } else {
      y[4 * i] = value.x;
      if (4 * i + 1 < count) y[4 * i + 1] = value.y;
      if (4 * i + 2 < count) y[4 * i + 2] = value.z;
    }
  }
}

// Box-Muller over the words (2i, 2i + 1): mean + deviation * r * (cos, sin)(theta).
ELEMENTS normal_draw(
    OUT(float, y), int count, float mean, float deviation, uint2 key, uint2 counter) {
  AT(y);
  FOR_ELEMENTS(i, (count + 3) / 4) {
    const uint4 word = philox(key, counter, (uint)i) >> 8;
    const float2 r = sqrt(-2.0f * log(convert_float2(word.xz + 1u) * 0x1p-24f));
    const float2 theta = 6.283185307179586f * (convert_float2(word.yw) * 0x1p-24f);
    const float2 x = r * cos(theta), z = r * sin(theta);
    const float lane[4] = {x.x, z.x, x.y, z.y};
    for (int l = 0; l < min(4, count - 4 * i); ++l) y[4 * i + l] = mean + deviation * lane[l];
  }
}

// Row i of x[m, n] becomes draws i*n ..< i*n + n of `values` in [low, high) where draw i of `coin`
// is below `probability`. Dimension 1 is the row.
ELEMENTS replace_rows(
    OUT(float, x), int m, int n, float probability, float low, float high, float last,
    uint2 coin_key, uint2 coin_counter, uint2 value_key, uint2 value_counter) {
  AT(x);
  const int row = (int)get_global_id(1);
  if (row >= m || philox_unit(coin_key, coin_counter, (uint)row) >= probability) return;
  FOR_ELEMENTS(j, n) {
    const uint draw = (uint)row * (uint)n + (uint)j;
    const float value = low + (high - low) * philox_unit(value_key, value_counter, draw);
    x[(size_t)row * n + j] = fmin(value, last);
  }
}
