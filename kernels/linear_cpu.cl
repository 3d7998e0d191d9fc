// Dense layers, row-major, weights [in, out], CPU form. An item does a block of `rows` by `columns`
// of a result, as product_cpu.cl has it; one column takes ways of its own.

// y[m, 1] = act(x . w + b), each sum in 16 interleaved chains.
void forward_column(
    __global float *y, const __global float *x, const __global float *w, float bias, int first,
    int end, int k, int act) {
  for (int row = first; row < end; ++row) {
    const __global float *from = x + (size_t)row * k;
    float16 sum = 0.0f;
    for (int p = 0; p < k; p += VEC) sum += load_some(from + p, k - p) * load_some(w + p, k - p);
    y[row] = activate(sum_lanes(sum) + bias, act);
  }
}

// y[m, n] = act(x[m, k] . w[k, n] + b[n]), the blocks `across` in a row. Any m, k, n.
ELEMENTS linear_forward(
    OUT(float, y), IN(float, x), IN(float, w), IN(float, b), int m, int k, int n, int act,
    int across, int rows, int columns) {
  AT(y), AT(x), AT(w), AT(b);
  DECLARE_PACKED;
  const int item = (int)get_global_id(0);
  const int row = item / across * rows, column = item % across * columns;
  const int end = min(m, row + rows), width = min(columns, n - column);
  if (n == 1) {
    forward_column(y, x, w, PRESENT(b) ? b[0] : 0.0f, row, end, k, act);
    return;
  }
  for (int i = row; i < end && (PRESENT(b) || k == 0); ++i)
    for (int j = 0; j < width; ++j)
      y[(size_t)i * n + column + j] = PRESENT(b) ? b[column + j] : 0.0f;
  for (int from = 0; from < k; from += DEPTH) {
    const int depth = min(DEPTH, k - from);
    for (int p = 0; p < depth; ++p)
      for (int j = 0; j < width; j += VEC) {
        const long at = (long)(from + p) * n + column + j;
        vstore16(load_some(w + at, (long)k * n - at), 0, PANEL_AT(j, p));
      }
    FOR_SLIVERS(i, held, row, end) {
      for (int r = 0; r < held; ++r)
        for (int p = 0; p < depth; p += VEC) {
          const long at = (long)(i + r) * k + from + p;
          vstore16(load_some(x + at, (long)m * k - at), 0, sliver + r * DEPTH + p);
        }
      multiply_sliver(
          DEPTH, 1, PACKED, depth, y + (size_t)i * n + column, n, held, width,
          from > 0 || PRESENT(b));
    }
  }
  for (int i = row; i < end && act != 0; ++i)
    for (int j = 0; j < width; j += VEC) {
      __global float *at = y + (size_t)i * n + column + j;
      store_some(activate16(load_some(at, width - j), act), at, width - j);
    }
}

// Rows row ..< end and columns column ..< column + width of dx[m, k] = dz[m, n] . transpose(w).
void backward_input(
    PACKED_PARAMETERS, __global float *dx, const __global float *dy, const __global float *y,
    const __global float *w, int m, int k, int n, int act, int row, int end, int column,
    int width) {
  if (n == 1) {
    for (int i = row; i < end; ++i) {
      const float dz = activation_gradient(dy[i], y[i], act);
      for (int p = column; p < column + width; p += VEC)
        store_some(dz * load_some(w + p, k - p), dx + (size_t)i * k + p, column + width - p);
    }
    return;
  }
  for (int from = 0; from < n; from += DEPTH) {
    const int depth = min(DEPTH, n - from);
    const long start = (long)column * n + from;
    pack_transposed(panels, w + start, n, depth, width, (long)k * n - start);
    FOR_SLIVERS(i, held, row, end) {
      for (int r = 0; r < held; ++r)
        for (int p = 0; p < depth; p += VEC) {
          const long at = (long)(i + r) * n + from + p;
          const float16 dz = load_gradient(dy + at, y + at, (long)m * n - at, act);
          vstore16(dz, 0, sliver + r * DEPTH + p);
        }
      multiply_sliver(
          DEPTH, 1, PACKED, depth, dx + (size_t)i * k + column, k, held, width, from > 0);
    }
  }
}

// dw[k, 1] += transpose(x[m, k]) . dz, rows row ..< end.
void backward_column(
    __global float *dw, const __global float *dy, const __global float *y, const __global float *x,
    int m, int k, int act, int row, int end) {
  for (int p = row; p < end; p += VEC) {
    const int width = min(VEC, end - p);
    float16 sum = load_some(dw + p, width);
    for (int i = 0; i < m; ++i)
      sum += activation_gradient(dy[i], y[i], act) *
             load_some(x + (size_t)i * k + p, (long)(m - i) * k - p);
    store_some(sum, dw + p, width);
  }
}

// The same of dw[k, n] += transpose(x) . dz, and with the first rows of db[n] += column sums of dz.
void backward_weights(
    PACKED_PARAMETERS, __global float *dw, __global float *db, bool has_dw, bool has_db,
    const __global float *dy, const __global float *y, const __global float *x, int m, int k, int n,
    int act, int row, int end, int column, int width) {
  for (int from = 0; from < m; from += DEPTH) {
    const int depth = min(DEPTH, m - from);
    for (int p = 0; p < depth; ++p)
      for (int j = 0; j < width; j += VEC) {
        const long at = (long)(from + p) * n + column + j;
        vstore16(load_gradient(dy + at, y + at, (long)m * n - at, act), 0, PANEL_AT(j, p));
      }
    for (int j = 0; j < width && has_db && row == 0; j += VEC) {
      float16 sum = load_some(db + column + j, width - j);
      for (int p = 0; p < depth; ++p) sum += vload16(0, PANEL_AT(j, p));
      store_some(sum, db + column + j, width - j);
    }
    if (!has_dw || n == 1) continue;
    FOR_SLIVERS(i, held, row, end) {
      for (int p = 0; p < depth; ++p) {
        const __global float *at = x + (size_t)(from + p) * k + i;
        if (held == ROWS) {
#pragma unroll
          for (int r = 0; r < ROWS / 4; ++r) vstore4(vload4(r, at), r, sliver + p * ROWS);
        } else {
          for (int r = 0; r < held; ++r) sliver[p * ROWS + r] = at[r];
        }
      }
      multiply_sliver(
          1, ROWS, PACKED, depth, dw + (size_t)i * n + column, n, held, width, true);
    }
  }
  if (has_dw && n == 1) backward_column(dw, dy, y, x, m, k, act, row, end);
}

// dx[m, k] = dz . transpose(w), dw[k, n] += transpose(x) . dz, db[n] += column sums of dz, any of
// them absent. The first `inputs` items do blocks of dx, `input_across` in a row; the others of dw
// and db. Any m, k, n.
ELEMENTS linear_backward(
    OUT(float, dx), OUT(float, dw), OUT(float, db), IN(float, dy), IN(float, y), IN(float, x),
    IN(float, w), int m, int k, int n, int act, int inputs, int input_across, int input_rows,
    int input_columns, int across, int rows, int columns) {
  AT(dx), AT(dw), AT(db), AT(dy), AT(y), AT(x), AT(w);
  DECLARE_PACKED;
  int item = (int)get_global_id(0);
  if (item < inputs) {
    const int row = item / input_across * input_rows, column = item % input_across * input_columns;
    backward_input(
        PACKED, dx, dy, y, w, m, k, n, act, row, min(m, row + input_rows), column,
        min(input_columns, k - column));
  } else {
    item -= inputs;
    const int row = item / across * rows, column = item % across * columns;
    backward_weights(
        PACKED, dw, db, PRESENT(dw), PRESENT(db), dy, y, x, m, k, n, act, row, min(k, row + rows),
        column, min(columns, n - column));
  }
}
