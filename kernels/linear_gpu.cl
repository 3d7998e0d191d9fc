// Dense layers, row-major, weights [in, out], GPU form. A work-group does a tile of a result, as
// product_gpu.cl has it. dz = dy * act'(y) is formed while it is loaded.

// y[m, n] = act(x[m, k] . w[k, n] + b[n]), the tiles `across` in a row. Any m, k, n.
PRODUCT linear_forward(
    OUT(float, y), IN(float, a), IN(float, b), IN(float, bias), int m, int k, int n, int act,
    int across) {
  AT(y), AT(a), AT(b), AT(bias);
  DECLARE_TILES;
  const int group = (int)get_group_id(0);
  const int row = group / across * TILE_ROWS, column = group % across * TILE_COLUMNS;
  const int rows = m, columns = n, depth = k, a_act = 0, b_act = 0;
  const int a_row = k, a_step = 1, b_step = n, b_column = 1;
  MULTIPLY_TILES(;)
  FOR_OUTPUTS(i, j)
  y[(size_t)i * n + j] = activate(sum[r][c] + (PRESENT(bias) ? bias[j] : 0.0f), act);
}

#define SUM_BIAS                                                       \
  for (int j = me, q = 0; j < TILE_COLUMNS; j += ITEMS, ++q)           \
    for (int p = 0; p < DEPTH; ++p) bias[q] += b_tile[p * B_PITCH + j];
// dx[m, k] = dz . transpose(w), dw[k, n] += transpose(x) . dz, db[n] += column sums of dz, any of
// them absent. The first `inputs` groups do tiles of dx, `input_across` in a row; the others of dw,
// and those of the first rows sum db from the tiles of dz that they hold. Any m, k, n.
PRODUCT linear_backward(
    OUT(float, dx), OUT(float, dw), OUT(float, db), IN(float, dy), IN(float, y), IN(float, x),
    IN(float, w), int m, int k, int n, int act, int inputs, int input_across, int across) {
  AT(dx), AT(dw), AT(db), AT(dy), AT(y), AT(x), AT(w);
  DECLARE_TILES;
  const int group = (int)get_group_id(0);
  const bool is_input = group < inputs;
  const int tile = is_input ? group : group - inputs;
  const int wide = is_input ? input_across : across;
  const int row = tile / wide * TILE_ROWS, column = tile % wide * TILE_COLUMNS;
  const int rows = is_input ? m : k, columns = is_input ? k : n, depth = is_input ? n : m;
  const __global float *a = is_input ? dy : x, *b = is_input ? w : dy;
  const int a_act = is_input ? act : 0, b_act = is_input ? 0 : act;
  const int a_row = is_input ? n : 1, a_step = is_input ? 1 : k;
  const int b_step = is_input ? 1 : n, b_column = is_input ? n : 1;
  const bool sums_bias = !is_input && PRESENT(db) && row == 0;
  float bias[(TILE_COLUMNS + ITEMS - 1) / ITEMS];
  for (int j = me, q = 0; j < TILE_COLUMNS; j += ITEMS, ++q) bias[q] = 0.0f;
  MULTIPLY_TILES(SUM_BIAS)
  for (int j = me, q = 0; j < TILE_COLUMNS; j += ITEMS, ++q)
    if (sums_bias && column + j < n) db[column + j] += bias[q];
  if (is_input) {
    FOR_OUTPUTS(i, j) dx[(size_t)i * k + j] = sum[r][c];
  } else if (PRESENT(dw)) {
    FOR_OUTPUTS(i, j) dw[(size_t)i * n + j] += sum[r][c];
  }
}
