// Dense layers one after another, the weights in one flat buffer. The last output is y, the others
// are layer after layer in hidden: [m, n_0], [m, n_1], ... Every sum runs in index order, or in 16
// interleaved chains where noted.
#pragma OPENCL FP_CONTRACT ON

#ifdef CPU_FORM
// Lanes j ..< j + 16 of a row of n; a vector past its end starts at n - 16 (at 0 where n < 16).
int vector_start(int j, int n) { return j + VEC <= n ? j : max(n - VEC, 0); }

// s0[r], and s1[r] where `both`, += columns c0 ..< c0 + 16 (c1 ..< c1 + 16) of x_r . w, x_r at
// from + at[r], w[k, n].
#define ADD_PRODUCTS(s0, s1, from, at, k, w, n, c0, c1, held, both)                 \
  if (both) {                                                               \
    for (int p = 0; p < k; ++p) {                                                  \
      const float16 w0 = vload16(0, w + (size_t)p * n + c0);                       \
      const float16 w1 = vload16(0, w + (size_t)p * n + c1);                       \
      _Pragma("unroll") for (int r = 0; r < ROWS; ++r) {                           \
        const float left = from[at[r] + p];                                        \
        s0[r] += left * w0;                                                        \
        s1[r] += left * w1;                                                        \
      }                                                                            \
    }                                                                              \
  } else {                                                                         \
    for (int p = 0; p < k; ++p) {                                                  \
      const float16 w0 = load_vec(w + (size_t)p * n + c0, held);                        \
      _Pragma("unroll") for (int r = 0; r < ROWS; ++r) s0[r] += from[at[r] + p] * w0; \
    }                                                                              \
  }

// y, hidden = every layer's act([side | output before] . w + b). Any sizes.
ELEMENTS mlp_forward(
    OUT(float, y), OUT(float, hidden), IN(float, x), IN(float, side), IN(float, parameters), int m,
    LAYER_ARGUMENTS) {
  AT(y), AT(hidden), AT(x), AT(side), AT(parameters);
  const int row = (int)get_global_id(0) * ROWS;
  if (row >= m) return;
  const int rows = min(ROWS, m - row);
  for (int l = 0; l < count; ++l) {
    const int8 layer = LAYER(l);
    const int n = LAYER_OUTPUTS(layer), beside = LAYER_SIDE(layer);
    const int k = LAYER_INPUTS(layer) - beside, held = min(n, VEC);
    const __global float *w = parameters + LAYER_WEIGHT(layer);
    const __global float *b = parameters + LAYER_BIAS(layer);
    const __global float *before =
        l == 0 ? x : (const __global float *)hidden + (size_t)m * LAYER_FIRST(LAYER(max(l - 1, 0)));
    __global float *to = l == count - 1 ? y : hidden + (size_t)m * LAYER_FIRST(layer);
    size_t at[ROWS], side_at[ROWS];
    for (int r = 0; r < ROWS; ++r) {
      at[r] = (size_t)(row + min(r, rows - 1)) * k;
      side_at[r] = (size_t)(row + min(r, rows - 1)) * beside;
    }
    if (n == 1) {  // 16 interleaved chains a row
      for (int r = 0; r < rows; ++r) {
        float16 sum = 0.0f;
        for (int p = 0; p < beside; p += VEC) {
          const int width = min(VEC, beside - p);
          sum += load_vec(side + side_at[r] + p, width) * load_vec(w + p, width);
        }
        for (int p = 0; p < k; p += VEC) {
          const int width = min(VEC, k - p);
          sum += load_vec(before + at[r] + p, width) * load_vec(w + beside + p, width);
        }
        to[row + r] = activate(sum_lanes(sum) + b[0], LAYER_ACTIVATION(layer));
      }
      continue;
    }
    for (int first = 0; first < n; first += 2 * VEC) {
      const int c0 = vector_start(first, n), c1 = vector_start(first + VEC, n);
      const bool both = first + VEC < n;
      const float16 b0 = load_vec(b + c0, held), b1 = load_vec(b + c1, held);
      float16 s0[ROWS], s1[ROWS];
#pragma unroll
      for (int r = 0; r < ROWS; ++r) {
        s0[r] = b0;
        s1[r] = b1;
      }
      const __global float *own = w + (size_t)beside * n;
      ADD_PRODUCTS(s0, s1, side, side_at, beside, w, n, c0, c1, held, both)
      ADD_PRODUCTS(s0, s1, before, at, k, own, n, c0, c1, held, both)
#pragma unroll
      for (int r = 0; r < ROWS; ++r) {
        if (r >= rows) break;
        __global float *row_to = to + (size_t)(row + r) * n;
        store_vec(activate16(s0[r], LAYER_ACTIVATION(layer)), row_to + c0, held);
        if (both) vstore16(activate16(s1[r], LAYER_ACTIVATION(layer)), 0, row_to + c1);
      }
    }
  }
}

#else
// Weights of a column that an item has on their way at once.
#define AHEAD 16

// y, hidden = every layer's act([side | output before] . w + b). Any sizes.
GROUPED mlp_forward(
    OUT(float, y), OUT(float, hidden), IN(float, x), IN(float, side), IN(float, parameters), int m,
    LAYER_ARGUMENTS) {
  AT(y), AT(hidden), AT(x), AT(side), AT(parameters);
  __local float4 left[INNER];
  __local float part[SLICES * ROWS * COLUMNS];
  const int me = (int)get_local_id(0), c = me % COLUMNS, slice = me / COLUMNS;
  const int row = (int)get_group_id(0) * ROWS;
  for (int l = 0; l < count; ++l) {
    const int8 layer = LAYER(l);
    const int n = LAYER_OUTPUTS(layer), inputs = LAYER_INPUTS(layer), beside = LAYER_SIDE(layer);
    const size_t before = l == 0 ? 0 : (size_t)m * LAYER_FIRST(LAYER(max(l - 1, 0)));
    for (int first = 0; first < n; first += COLUMNS) {
      float sum[ROWS] = {0.0f, 0.0f, 0.0f, 0.0f};
      for (int start = 0; start < inputs; start += INNER) {
        float value[ROWS];
        const int p = start + me;
#pragma unroll
        for (int r = 0; r < ROWS; ++r) {
          const int i = row + r;
          value[r] = 0.0f;
          if (i < m && p < beside) value[r] = side[(size_t)i * beside + p];
          else if (i < m && p < inputs) {
            const size_t at = (size_t)i * (inputs - beside) + p - beside;
            value[r] = l == 0 ? x[at] : hidden[before + at];
          }
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        left[me] = (float4)(value[0], value[1], value[2], value[3]);
        barrier(CLK_LOCAL_MEM_FENCE);
        // What there is of the inner dimension, shared out evenly among the slices.
        const int there = min(INNER, inputs - start), share = (there + SLICES - 1) / SLICES;
        const int end = min((slice + 1) * share, there);
        const size_t column =
            LAYER_WEIGHT(layer) + (size_t)start * n + min(first + c, n - 1);
        for (int q = slice * share; q < end; q += AHEAD) {
          float w[AHEAD];
#pragma unroll
          for (int u = 0; u < AHEAD; ++u)
            w[u] = parameters[column + (size_t)min(q + u, end - 1) * n];
#pragma unroll
          for (int u = 0; u < AHEAD; ++u) {
            const float4 rows = q + u < end ? left[min(q + u, end - 1)] : (float4)(0.0f);
            sum[0] += rows.x * w[u], sum[1] += rows.y * w[u];
            sum[2] += rows.z * w[u], sum[3] += rows.w * w[u];
          }
        }
      }
      const float total = sum_slices(part, sum, slice, c);
      if (row + slice < m && first + c < n) {
        const size_t at = (size_t)(row + slice) * n + first + c;
        const float value =
            activate(total + parameters[LAYER_BIAS(layer) + first + c], LAYER_ACTIVATION(layer));
        if (l == count - 1) y[at] = value;
        else hidden[(size_t)m * LAYER_FIRST(layer) + at] = value;
      }
    }
    SYNC();
  }
}
#endif
