// The way back through dense layers one after another (mlp.cl). dz has every layer's, as hidden with
// the last one behind. Every sum runs in index order, or in 16 interleaved chains where noted.
#pragma OPENCL FP_CONTRACT ON

#ifdef CPU_FORM
// Columns j ..< j + 16 of a row of n, zero past its end, in lanes that agree among rows.
float16 lanes_at(const __global float *row, int j, int n) {
  if (j + VEC <= n) return vload16(0, row + j);
  if (n < VEC) return load_vec(row, n);
  const int16 lane = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return select(vload16(0, row + n - VEC), (float16)(0.0f), lane < (int16)(j + VEC - n));
}

// to[r, width] = dz[r, n] . transpose(w[first ..< first + width, n]), each sum in 16 interleaved
// chains along n; times act'(y) where there is a y laid out as `to`.
void input_gradient(
    __global float *to, int width, const __global float *dz, const __global float *w, int first,
    int n, int row, int rows, const __global float *y, int act) {
  for (int c = 0; c < width; c += 4) {
    for (int start = 0; start < rows; start += 4) {
      float16 sum[16];
#pragma unroll
      for (int s = 0; s < 16; ++s) sum[s] = 0.0f;
      for (int j = 0; j < n; j += VEC) {
        float16 z[4];
#pragma unroll
        for (int r = 0; r < 4; ++r)
          z[r] = lanes_at(dz + (size_t)(row + min(start + r, rows - 1)) * n, j, n);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const float16 weight =
              lanes_at(w + (size_t)(first + min(c + i, width - 1)) * n, j, n);
#pragma unroll
          for (int r = 0; r < 4; ++r) sum[4 * r + i] += z[r] * weight;
        }
      }
#pragma unroll
      for (int s = 0; s < 16; ++s) {
        if (start + s / 4 >= rows || c + s % 4 >= width) continue;
        const size_t at = (size_t)(row + start + s / 4) * width + c + s % 4;
        const float slope = sum_lanes(sum[s]);
        to[at] = act == 0 ? slope : activation_gradient(slope, y[at], act);
      }
    }
  }
}

// dz of every layer >= `last`, dSide at the side's layer where it is wanted, and dx where it is.
ELEMENTS mlp_backward_inputs(
    OUT(float, dz), OUT(float, dx), OUT(float, d_side), IN(float, dy), IN(float, y),
    IN(float, hidden), IN(float, parameters), int m, int last, LAYER_ARGUMENTS) {
  AT(dz), AT(dx), AT(d_side), AT(dy), AT(y), AT(hidden), AT(parameters);
  const int row = (int)get_global_id(0) * ROWS;
  if (row >= m) return;
  const int rows = min(ROWS, m - row);
  const int8 top = LAYER(count - 1);
  const size_t top_at = (size_t)m * LAYER_FIRST(top);
  for (int i = row * LAYER_OUTPUTS(top); i < (row + rows) * LAYER_OUTPUTS(top); ++i)
    dz[top_at + i] = activation_gradient(dy[i], y[i], LAYER_ACTIVATION(top));
  for (int l = count - 1; l >= last; --l) {
    const int8 layer = LAYER(l);
    const int n = LAYER_OUTPUTS(layer), beside = LAYER_SIDE(layer);
    const __global float *from = dz + (size_t)m * LAYER_FIRST(layer);
    const __global float *w = parameters + LAYER_WEIGHT(layer);
    if (beside > 0 && PRESENT(d_side))
      input_gradient(d_side, beside, from, w, 0, n, row, rows, hidden, 0);
    const int k = LAYER_INPUTS(layer) - beside;
    if (l > last) {
      const int8 below = LAYER(l - 1);
      const size_t at = (size_t)m * LAYER_FIRST(below);
      input_gradient(
          dz + at, k, from, w, beside, n, row, rows, hidden + at, LAYER_ACTIVATION(below));
    } else if (l == 0 && PRESENT(dx)) {
      input_gradient(dx, k, from, w, beside, n, row, rows, hidden, 0);
    }
  }
}

// An item does 32 rows x 32 columns of one layer's dw, those of the first rows also of db.
#define WEIGHT_TILE 32

// gradients += transpose([side | output before]) . dz and the column sums of dz, of every layer.
ELEMENTS mlp_backward_weights(
    OUT(float, gradients), IN(float, dz), IN(float, x), IN(float, side), IN(float, hidden), int m,
    LAYER_ARGUMENTS) {
  AT(gradients), AT(dz), AT(x), AT(side), AT(hidden);
  int tile = (int)get_global_id(0), l = 0;
  for (; l < count; ++l) {
    const int across = (LAYER_OUTPUTS(LAYER(l)) + WEIGHT_TILE - 1) / WEIGHT_TILE;
    const int tiles = across * ((LAYER_INPUTS(LAYER(l)) + WEIGHT_TILE - 1) / WEIGHT_TILE);
    if (tile < tiles) break;
    tile -= tiles;
  }
  if (l == count) return;
  const int8 layer = LAYER(l);
  const int n = LAYER_OUTPUTS(layer), inputs = LAYER_INPUTS(layer), beside = LAYER_SIDE(layer);
  const int across = (n + WEIGHT_TILE - 1) / WEIGHT_TILE, held = min(n, VEC);
  const int first = tile % across * WEIGHT_TILE, row = tile / across * WEIGHT_TILE;
  const int end = min(first + WEIGHT_TILE, n);
  const __global float *from = dz + (size_t)m * LAYER_FIRST(layer);
  const __global float *before =
      l == 0 ? x : hidden + (size_t)m * LAYER_FIRST(LAYER(max(l - 1, 0)));
  if (row == 0) {
    __global float *db = gradients + LAYER_BIAS(layer);
    for (int j = first; j < end; j += VEC) {
      const int width = min(VEC, end - j);
      float16 sum = 0.0f;
      for (int i = 0; i < m; ++i) sum += load_vec(from + (size_t)i * n + j, width);
      store_vec(load_vec(db + j, width) + sum, db + j, width);
    }
  }
  for (int p = row; p < min(row + WEIGHT_TILE, inputs); p += ROWS) {
    const int rows = min(ROWS, inputs - p);
    const __global float *left[ROWS];
    int step[ROWS];
    for (int r = 0; r < ROWS; ++r) {
      const int at = p + min(r, rows - 1);
      left[r] = at < beside ? side + at : before + at - beside;
      step[r] = at < beside ? beside : inputs - beside;
    }
    for (int j = first; j < end; j += VEC) {
      const int width = min(VEC, end - j);
      float16 sum[ROWS];
#pragma unroll
      for (int r = 0; r < ROWS; ++r) sum[r] = 0.0f;
      for (int i = 0; i < m; ++i) {
        const float16 slope = load_vec(from + (size_t)i * n + j, width);
#pragma unroll
        for (int r = 0; r < ROWS; ++r) sum[r] += left[r][(size_t)i * step[r]] * slope;
      }
      for (int r = 0; r < rows; ++r) {
        __global float *to = gradients + LAYER_WEIGHT(layer) + (size_t)(p + r) * n + j;
        store_vec(load_vec(to, width) + sum[r], to, width);
      }
    }
  }
}

#else
// Columns of dz that a work-group has in local memory at a time, and weights that an item loads of
// them.
#define CHUNK 64
#define LOADS (COLUMNS * CHUNK / GROUP)

// An item's element of dz[r, n] . transpose(w[k, n]): row `slice`, column first + c of w's rows.
// dz lies at dz_at, w at w_at.
float input_gradient(
    __local float *right, __local float *left, __local float *part, const __global float *dz,
    size_t dz_at, const __global float *w, size_t w_at, int first, int k, int n, int row, int m) {
  const int me = (int)get_local_id(0), c = me % COLUMNS, slice = me / COLUMNS;
  float sum[ROWS] = {0.0f, 0.0f, 0.0f, 0.0f};
  for (int start = 0; start < n; start += CHUNK) {
    // All that an item loads is on its way before the first of it is stored.
    float next[LOADS];
    const int j = start + me % CHUNK;
#pragma unroll
    for (int l = 0; l < LOADS; ++l) {
      const int i = min(first + (l * GROUP + me) / CHUNK, k - 1);
      const float weight = w[w_at + (size_t)i * n + min(j, n - 1)];
      next[l] = j < n ? weight : 0.0f;
    }
    const int i = min(row + me / CHUNK, m - 1);
    const float slope = dz[dz_at + (size_t)i * n + min(j, n - 1)];
    barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll
    for (int l = 0; l < LOADS; ++l)
      right[(l * GROUP + me) / CHUNK * (CHUNK + 1) + me % CHUNK] = next[l];
    left[me] = j < n ? slope : 0.0f;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int q = slice * CHUNK / SLICES; q < (slice + 1) * CHUNK / SLICES; ++q)
      for (int r = 0; r < ROWS; ++r) sum[r] += left[r * CHUNK + q] * right[c * (CHUNK + 1) + q];
  }
  return sum_slices(part, sum, slice, c);
}

// dz of every layer >= `last`, dSide at the side's layer where it is wanted, and dx where it is.
GROUPED mlp_backward_inputs(
    OUT(float, dz), OUT(float, dx), OUT(float, d_side), IN(float, dy), IN(float, y),
    IN(float, hidden), IN(float, parameters), int m, int last, LAYER_ARGUMENTS) {
  AT(dz), AT(dx), AT(d_side), AT(dy), AT(y), AT(hidden), AT(parameters);
  __local float right[COLUMNS * (CHUNK + 1)], left[ROWS * CHUNK], part[SLICES * ROWS * COLUMNS];
  const int me = (int)get_local_id(0), c = me % COLUMNS, i = me / COLUMNS;
  const int row = (int)get_group_id(0) * ROWS;
  const int8 top = LAYER(count - 1);
  const size_t top_at = (size_t)m * LAYER_FIRST(top);
  for (int t = me; t < ROWS * LAYER_OUTPUTS(top); t += GROUP) {
    const size_t at = (size_t)row * LAYER_OUTPUTS(top) + t;
    if (row + t / LAYER_OUTPUTS(top) < m)
      dz[top_at + at] =
          activation_gradient(dy[at], y[at], LAYER_ACTIVATION(top));
  }
  SYNC();
  for (int l = count - 1; l >= last; --l) {
    const int8 layer = LAYER(l), below = LAYER(max(l - 1, 0));
    const int n = LAYER_OUTPUTS(layer), beside = LAYER_SIDE(layer);
    const int wanted_side = PRESENT(d_side) ? beside : 0;
    const int k = LAYER_INPUTS(layer) - beside, wanted = l > last || PRESENT(dx) ? k : 0;
    const size_t from = (size_t)m * LAYER_FIRST(layer), to = (size_t)m * LAYER_FIRST(below);
    const size_t w = LAYER_WEIGHT(layer);
    for (int first = 0; first < wanted_side; first += COLUMNS) {
      const float slope = input_gradient(
          right, left, part, dz, from, parameters, w, first, beside, n, row, m);
      if (row + i < m && first + c < beside)
        d_side[(size_t)(row + i) * beside + first + c] = slope;
    }
    for (int first = 0; first < wanted; first += COLUMNS) {
      const float slope = input_gradient(
          right, left, part, dz, from, parameters, w + (size_t)beside * n, first, k, n, row, m);
      const size_t at = (size_t)(row + i) * k + first + c;
      if (row + i < m && first + c < k) {
        if (l == 0) dx[at] = slope;
        else dz[to + at] = activation_gradient(slope, hidden[to + at], LAYER_ACTIVATION(below));
      }
    }
    SYNC();
  }
}

// A work-group does 32 x 32 of one layer's dw, 2 x 2 an item, those of the first rows also db.
#define WEIGHT_TILE 32
#undef LOADS
#define LOADS (WEIGHT_TILE * WEIGHT_TILE / GROUP)

// gradients += transpose([side | output before]) . dz and the column sums of dz, of every layer.
GROUPED mlp_backward_weights(
    OUT(float, gradients), IN(float, dz), IN(float, x), IN(float, side), IN(float, hidden), int m,
    LAYER_ARGUMENTS) {
  AT(gradients), AT(dz), AT(x), AT(side), AT(hidden);
  __local float a[WEIGHT_TILE][WEIGHT_TILE + 1], slopes[WEIGHT_TILE][WEIGHT_TILE + 1];
  int tile = (int)get_group_id(0), l = 0;
  for (; l < count - 1; ++l) {
    const int across = (LAYER_OUTPUTS(LAYER(l)) + WEIGHT_TILE - 1) / WEIGHT_TILE;
    const int tiles = across * ((LAYER_INPUTS(LAYER(l)) + WEIGHT_TILE - 1) / WEIGHT_TILE);
    if (tile < tiles) break;
    tile -= tiles;
  }
  const int8 layer = LAYER(l);
  const int n = LAYER_OUTPUTS(layer), inputs = LAYER_INPUTS(layer), beside = LAYER_SIDE(layer);
  const int across = (n + WEIGHT_TILE - 1) / WEIGHT_TILE;
  const int column = tile % across * WEIGHT_TILE, row = tile / across * WEIGHT_TILE;
  const size_t from = (size_t)m * LAYER_FIRST(layer);
  const size_t before = l == 0 ? 0 : (size_t)m * LAYER_FIRST(LAYER(max(l - 1, 0)));
  const int me = (int)get_local_id(0), tx = me % 16, ty = me / 16;
  float sum[2][2] = {{0.0f, 0.0f}, {0.0f, 0.0f}}, bias = 0.0f;
  for (int q = 0; q < m; q += WEIGHT_TILE) {
    float left[LOADS], right[LOADS];
    const int p = row + me % WEIGHT_TILE, z = column + me % WEIGHT_TILE;
#pragma unroll
    for (int t = 0; t < LOADS; ++t) {
      const int i = q + (t * GROUP + me) / WEIGHT_TILE;
      left[t] = 0.0f;
      if (i < m && p < beside) left[t] = side[(size_t)i * beside + p];
      else if (i < m && p < inputs) {
        const size_t at = (size_t)i * (inputs - beside) + p - beside;
        left[t] = l == 0 ? x[at] : hidden[before + at];
      }
      right[t] = i < m && z < n ? dz[from + (size_t)i * n + z] : 0.0f;
    }
#pragma unroll
    for (int t = 0; t < LOADS; ++t) {
      const int i = (t * GROUP + me) / WEIGHT_TILE, j = me % WEIGHT_TILE;
      a[j][i] = left[t];
      slopes[i][j] = right[t];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int i = 0; i < WEIGHT_TILE; ++i) {
      const float a0 = a[ty][i], a1 = a[ty + 16][i];
      const float b0 = slopes[i][tx], b1 = slopes[i][tx + 16];
      sum[0][0] += a0 * b0, sum[0][1] += a0 * b1;
      sum[1][0] += a1 * b0, sum[1][1] += a1 * b1;
      if (me < WEIGHT_TILE) bias += slopes[i][me];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  if (row == 0 && me < WEIGHT_TILE && column + me < n)
    gradients[LAYER_BIAS(layer) + column + me] += bias;
#pragma unroll
  for (int r = 0; r < 2; ++r)
#pragma unroll
    for (int s = 0; s < 2; ++s) {
      const int p = row + ty + 16 * r, j = column + tx + 16 * s;
      if (p < inputs && j < n) gradients[LAYER_WEIGHT(layer) + (size_t)p * n + j] += sum[r][s];
    }
}
#endif
