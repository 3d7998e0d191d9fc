// Dense layers, row-major, weights [in, out]. dz = dy * act'(y) is formed while it is loaded.
// Every sum runs in index order (in 16 interleaved chains where noted), whatever the device.
#pragma OPENCL FP_CONTRACT ON

#ifdef CPU_FORM
// An item multiplies blocks of 8 rows by two float16 columns: 16 accumulators stay in registers.
#define ROWS 8
#define COLUMNS 32

// Where the two vectors of a block of `width` columns lie; they overlap where width < COLUMNS.
// A block narrower than a vector starts further left and keeps its last `width` columns.
#define PLACE_VECTORS(first, n, width, c0, c1)              \
  const int width = min(COLUMNS, n - first);                \
  const int c0 = width >= VEC ? first : max(n - VEC, 0);    \
  const int c1 = width >= VEC ? first + width - VEC : c0

// The last `width` of min(n, 16) columns.
void store_last(float16 v, __global float *p, int width, int n) {
  float lane[VEC];
  vstore16(v, 0, lane);
  const int held = min(n, VEC);
  for (int l = held - width; l < held; ++l) p[l] = lane[l];
}

// y[m, n] = act(x[m, k] . w[k, n] + b[n]); an item does 8 rows x 32 columns. Any m, k, n.
TILED linear_forward(
    OUT(float, y), IN(float, x), IN(float, w), IN(float, b), int m, int k, int n, int act) {
  AT(y), AT(x), AT(w), AT(b);
  const int first = (int)get_global_id(0) * COLUMNS, row = (int)get_global_id(1) * ROWS;
  if (first >= n || row >= m) return;
  const int rows = min(ROWS, m - row);
  if (n == 1) {  // 16 interleaved chains a row
    for (int r = 0; r < rows; ++r) {
      const __global float *xr = x + (size_t)(row + r) * k;
      float16 sum = 0.0f;
      for (int p = 0; p < k; p += VEC) {
        const int width = min(VEC, k - p);
        sum += load_vec(xr + p, width) * load_vec(w + p, width);
      }
      y[row + r] = activate(sum_lanes(sum) + (PRESENT(b) ? b[0] : 0.0f), act);
    }
    return;
  }
  PLACE_VECTORS(first, n, width, c0, c1);
  const int held = min(n, VEC);
  const float16 b0 = PRESENT(b) ? load_vec(b + c0, held) : (float16)(0.0f);
  const float16 b1 = PRESENT(b) ? load_vec(b + c1, held) : (float16)(0.0f);
  float16 s0[ROWS], s1[ROWS];
  size_t at[ROWS];
#pragma unroll
  for (int r = 0; r < ROWS; ++r) {
    s0[r] = s1[r] = 0.0f;
    at[r] = (size_t)(row + min(r, rows - 1)) * k;
  }
  if (width > VEC) {
    for (int p = 0; p < k; ++p) {
      const float16 w0 = vload16(0, w + (size_t)p * n + c0);
      const float16 w1 = vload16(0, w + (size_t)p * n + c1);
#pragma unroll
      for (int r = 0; r < ROWS; ++r) {
        s0[r] += x[at[r] + p] * w0;
        s1[r] += x[at[r] + p] * w1;
      }
    }
  } else {
    for (int p = 0; p < k; ++p) {
      const float16 w0 = load_vec(w + (size_t)p * n + c0, held);
#pragma unroll
      for (int r = 0; r < ROWS; ++r) s0[r] += x[at[r] + p] * w0;
    }
  }
#pragma unroll
  for (int r = 0; r < ROWS; ++r) {
    if (r >= rows) break;
    __global float *to = y + (size_t)(row + r) * n;
    const float16 y0 = activate16(s0[r] + b0, act);
    if (width < VEC) {
      store_last(y0, to + c0, width, n);
    } else {
      vstore16(y0, 0, to + c0);
      if (width > VEC) vstore16(activate16(s1[r] + b1, act), 0, to + c1);
    }
  }
}

// Columns j ..< j + 16 of a row of n, zero past its end. The last ones of a wide row are loaded
// whole, from further left, in lanes that differ from the other vectors' but agree among rows.
float16 load_columns(const __global float *row, int j, int n) {
  if (j + VEC <= n) return vload16(0, row + j);
  if (n < VEC) return load_vec(row, n);
  const int16 lane = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return select(vload16(0, row + n - VEC), (float16)(0.0f), lane < (int16)(j + VEC - n));
}

// dx[m, k] = dz[m, n] . transpose(w[k, n]); an item does 4 rows x 16 columns of dx, each sum in
// 16 interleaved chains along n. Any m, k, n. Without `y` in use (act 0) this is dy . transpose(w).
TILED linear_backward_input(
    OUT(float, dx), IN(float, dy), IN(float, y), IN(float, w), int m, int k, int n, int act) {
  AT(dx), AT(dy), AT(y), AT(w);
  const int first = (int)get_global_id(0) * 16, row = (int)get_global_id(1) * 4;
  if (first >= k || row >= m) return;
  const int rows = min(4, m - row), columns = min(16, k - first);
  if (n == 1) {
    const float16 column = load_vec(w + first, columns);
    for (int r = row; r < row + rows; ++r)
      store_vec(
          activation_gradient(dy[r], y[r], act) * column, dx + (size_t)r * k + first, columns);
    return;
  }
  for (int sub = 0; sub < columns; sub += 4) {
    float16 sum[16];
#pragma unroll
    for (int s = 0; s < 16; ++s) sum[s] = 0.0f;
    for (int j = 0; j < n; j += VEC) {
      float16 dz[4];
#pragma unroll
      for (int r = 0; r < 4; ++r) {
        const size_t at = (size_t)(row + min(r, rows - 1)) * n;
        dz[r] = load_columns(dy + at, j, n);
        if (act != 0) dz[r] = activation_gradient16(dz[r], load_columns(y + at, j, n), act);
      }
#pragma unroll
      for (int c = 0; c < 4; ++c) {
        const size_t at = (size_t)(first + min(sub + c, columns - 1)) * n;
        const float16 weight = load_columns(w + at, j, n);
#pragma unroll
        for (int r = 0; r < 4; ++r) sum[4 * r + c] += dz[r] * weight;
      }
    }
#pragma unroll
    for (int s = 0; s < 16; ++s)
      if (s / 4 < rows && sub + s % 4 < columns)
        dx[(size_t)(row + s / 4) * k + first + sub + s % 4] = sum_lanes(sum[s]);
  }
}

// dw[k, n] += transpose(x[m, k]) . dz[m, n] and db[n] += column sums of dz, either absent.
// An item does 32 rows x 32 columns of dw, those of the first rows also db. Any m, k, n.
TILED linear_backward_weights(
    OUT(float, dw), OUT(float, db), IN(float, dy), IN(float, y), IN(float, x), int m, int k, int n,
    int act) {
  AT(dw), AT(db), AT(dy), AT(y), AT(x);
  const int first = (int)get_global_id(0) * COLUMNS, row = (int)get_global_id(1) * 32;
  if (first >= n || row >= max(k, 1)) return;
  if (PRESENT(db) && row == 0) {
    for (int j = first; j < min(first + COLUMNS, n); j += VEC) {
      const int width = min(VEC, n - j);
      float16 sum = 0.0f;
      for (int i = 0; i < m; ++i) {
        const size_t at = (size_t)i * n + j;
        const float16 g = load_vec(dy + at, width);
        sum += act == 0 ? g : activation_gradient16(g, load_vec(y + at, width), act);
      }
      store_vec(load_vec(db + j, width) + sum, db + j, width);
    }
  }
  if (!PRESENT(dw)) return;
  if (n == 1) {
    for (int p = row; p < min(row + 32, k); p += VEC) {
      const int width = min(VEC, k - p);
      float16 sum = 0.0f;
      for (int i = 0; i < m; ++i)
        sum += activation_gradient(dy[i], y[i], act) * load_vec(x + (size_t)i * k + p, width);
      store_vec(load_vec(dw + p, width) + sum, dw + p, width);
    }
    return;
  }
  PLACE_VECTORS(first, n, width, c0, c1);
  const int held = min(n, VEC);
  for (int p = row; p < min(row + 32, k); p += ROWS) {
    const int rows = min(ROWS, k - p);
    float16 s0[ROWS], s1[ROWS];
    int at[ROWS];
#pragma unroll
    for (int r = 0; r < ROWS; ++r) {
      s0[r] = s1[r] = 0.0f;
      at[r] = p + min(r, rows - 1);
    }
    for (int i = 0; i < m; ++i) {
      const size_t from = (size_t)i * n;
      float16 g0 = load_vec(dy + from + c0, held), g1 = load_vec(dy + from + c1, held);
      if (act != 0) {
        g0 = activation_gradient16(g0, load_vec(y + from + c0, held), act);
        g1 = activation_gradient16(g1, load_vec(y + from + c1, held), act);
      }
#pragma unroll
      for (int r = 0; r < ROWS; ++r) {
        const float left = x[(size_t)i * k + at[r]];
        s0[r] += left * g0;
        s1[r] += left * g1;
      }
    }
#pragma unroll
    for (int r = 0; r < ROWS; ++r) {
      if (r >= rows) break;
      __global float *to = dw + (size_t)(p + r) * n;
      const float16 d0 = load_vec(to + c0, held) + s0[r], d1 = load_vec(to + c1, held) + s1[r];
      if (width < VEC) {
        store_last(d0, to + c0, width, n);
      } else {
        vstore16(d0, 0, to + c0);
        if (width > VEC) vstore16(d1, 0, to + c1);
      }
    }
  }
}

#else
// A work-group of 16 x 16 items computes a TILE x TILE block, 2 x 2 outputs an item, over steps of
// TILE along the inner dimension. The padding column keeps transposed stores off one bank.
#define TILE 32
#define DECLARE_TILES                                                      \
  __local float a[TILE][TILE + 1], b_[TILE][TILE + 1];                     \
  const int tx = (int)get_local_id(0), ty = (int)get_local_id(1);          \
  const int column = (int)get_group_id(0) * TILE, row = (int)get_group_id(1) * TILE; \
  float sum[2][2] = {{0.0f, 0.0f}, {0.0f, 0.0f}}
// Each item's four elements (i, j) of a tile; consecutive items have consecutive j.
#define FOR_TILE(i, j)                                                     \
  for (int t_ = ty * 16 + tx, i = t_ / TILE, j = t_ % TILE; t_ < TILE * TILE; \
       t_ += 256, i = t_ / TILE, j = t_ % TILE)
#define MULTIPLY_TILES()                                                   \
  barrier(CLK_LOCAL_MEM_FENCE);                                            \
  for (int q_ = 0; q_ < TILE; ++q_) {                                      \
    const float a0 = a[ty][q_], a1 = a[ty + 16][q_];                       \
    const float b0 = b_[q_][tx], b1 = b_[q_][tx + 16];                     \
    sum[0][0] += a0 * b0, sum[0][1] += a0 * b1;                            \
    sum[1][0] += a1 * b0, sum[1][1] += a1 * b1;                            \
  }
#define FOR_OUTPUTS(i, j, rows, columns)                                   \
  for (int r = 0, i = row + ty; r < 2; ++r, i += 16)                       \
    for (int c = 0, j = column + tx; c < 2; ++c, j += 16)                  \
      if (i < rows && j < columns)

// y[m, n] = act(x[m, k] . w[k, n] + b[n]). Any m, k, n.
TILED linear_forward(
    OUT(float, y), IN(float, x), IN(float, w), IN(float, b), int m, int k, int n, int act) {
  AT(y), AT(x), AT(w), AT(b);
  DECLARE_TILES;
  for (int p = 0; p < k; p += TILE) {
    FOR_TILE(i, j) {
      a[i][j] = row + i < m && p + j < k ? x[(size_t)(row + i) * k + p + j] : 0.0f;
      b_[i][j] = p + i < k && column + j < n ? w[(size_t)(p + i) * n + column + j] : 0.0f;
    }
    MULTIPLY_TILES();
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  FOR_OUTPUTS(i, j, m, n)
  y[(size_t)i * n + j] = activate(sum[r][c] + (PRESENT(b) ? b[j] : 0.0f), act);
}

// dz at (i, j), zero outside [m, n].
float output_gradient(
    const __global float *dy, const __global float *y, int i, int j, int m, int n, int act) {
  if (i >= m || j >= n) return 0.0f;
  const size_t at = (size_t)i * n + j;
  return act == 0 ? dy[at] : activation_gradient(dy[at], y[at], act);
}

// dx[m, k] = dz[m, n] . transpose(w[k, n]). Any m, k, n. With act 0, y is not read.
TILED linear_backward_input(
    OUT(float, dx), IN(float, dy), IN(float, y), IN(float, w), int m, int k, int n, int act) {
  AT(dx), AT(dy), AT(y), AT(w);
  DECLARE_TILES;
  for (int q = 0; q < n; q += TILE) {
    FOR_TILE(i, j) {
      a[i][j] = output_gradient(dy, y, row + i, q + j, m, n, act);
      b_[j][i] = column + i < k && q + j < n ? w[(size_t)(column + i) * n + q + j] : 0.0f;
    }
    MULTIPLY_TILES();
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  FOR_OUTPUTS(i, j, m, k) dx[(size_t)i * k + j] = sum[r][c];
}

// dw[k, n] += transpose(x[m, k]) . dz[m, n] and db[n] += column sums of dz, either absent.
// The groups of the first rows sum db from the tiles of dz they hold. Any m, k, n.
TILED linear_backward_weights(
    OUT(float, dw), OUT(float, db), IN(float, dy), IN(float, y), IN(float, x), int m, int k, int n,
    int act) {
  AT(dw), AT(db), AT(dy), AT(y), AT(x);
  DECLARE_TILES;
  const int me = ty * 16 + tx;
  const bool sums_bias = PRESENT(db) && row == 0 && me < TILE && column + me < n;
  float bias = 0.0f;
  for (int q = 0; q < m; q += TILE) {
    FOR_TILE(i, j) {
      a[j][i] = q + i < m && row + j < k ? x[(size_t)(q + i) * k + row + j] : 0.0f;
      b_[i][j] = output_gradient(dy, y, q + i, column + j, m, n, act);
    }
    MULTIPLY_TILES();
    if (sums_bias)
      for (int i = 0; i < TILE; ++i) bias += b_[i][me];
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  if (sums_bias) db[column + me] += bias;
  if (PRESENT(dw)) FOR_OUTPUTS(i, j, k, n) dw[(size_t)i * n + j] += sum[r][c];
}
#endif
