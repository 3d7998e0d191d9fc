// Products by tiles, of the vectors of the file that includes this.

// What the tiles of one band of columns have in common. Vector `V - 1` of a row has the lanes `tail`.
struct band {
  int64_t row, step;  // from one row of op(a) to the next, from one column to the next
  const float *b;
  int64_t ldb, k;
  part tail;
  const float *bias;
  bool accumulate, relu;
  const float *gate;
  int64_t ld_gate;
  float *c;
  int64_t ldc;
  // Stretches of k lines that the next band reads, and the steps within one and between them.
  const float *next;
  int64_t next_step, next_stretch;
};
enum { most = widest * main_rows > tall ? widest * main_rows : tall, line = 16 };

INLINE vector load_lanes(const float *p, bool is_last, part tail) {
  if (is_last) return load_part(p, tail);
  vector x;
  LOAD(x, p);
  return x;
}

// R rows by V vectors of c stay in registers while k rows of b stream by.
INLINE void tile(const int R, const int V, const struct band *band, const float *a, int64_t i0) {
  const bool is_main = R == main_rows;
  vector sums[most];
  UNROLL for (int i = 0; i < R; i++) UNROLL for (int v = 0; v < V; v++) {
    sums[i * V + v] =
        band->bias ? load_lanes(band->bias + lanes * v, v == V - 1, band->tail) : (vector)0;
  }
  // Gradients to add to, a tile ahead.
  if (band->accumulate && is_main)
    UNROLL for (int i = 0; i < R; i++) UNROLL for (int v = 0; v < V * lanes; v += line)
      __builtin_prefetch(band->c + (i0 + R + i) * band->ldc + v);
  const float *b = band->b;
  int64_t stretch = i0 / R;
  bool is_ahead = is_main && band->next && stretch < widest * lanes / line;
  const float *next = is_ahead ? band->next + stretch * band->next_stretch : b;
  int64_t next_step = is_ahead ? band->next_step : 0;
  int64_t row = band->row, step = band->step, ldb = band->ldb;
  a += i0 * row;
  for (int64_t k = band->k; k; k--) {
    vector w[8];
    UNROLL for (int v = 0; v < V; v++) w[v] = load_lanes(b + lanes * v, v == V - 1, band->tail);
    UNROLL for (int i = 0; i < R; i++) {
      vector x = a[i * row];
      UNROLL for (int v = 0; v < V; v++)
        sums[i * V + v] = MULTIPLY_ADD(x, w[v], sums[i * V + v]);
    }
    if (is_main) {
      __builtin_prefetch(next);
      next += next_step;
    }
    a += step;
    b += ldb;
  }
  UNROLL for (int i = 0; i < R; i++) UNROLL for (int v = 0; v < V; v++) {
    vector sum = sums[i * V + v];
    float *c = band->c + (i0 + i) * band->ldc + lanes * v;
    if (band->accumulate) sum += load_lanes(c, v == V - 1, band->tail);
    // NaN stays.
    if (band->relu) sum = 0 > sum ? 0 : sum;
    if (band->gate) {
      const float *gate = band->gate + (i0 + i) * band->ld_gate + lanes * v;
      sum = load_lanes(gate, v == V - 1, band->tail) > 0 ? sum : 0;
    }
    if (v == V - 1)
      store_part(c, sum, band->tail);
    else
      STORE(c, sum);
  }
}

#define TILE(R, V) \
  __attribute__((noinline)) static void tile_##V##_##R( \
      const struct band *band, const float *a, int64_t row) { \
    tile(R, V, band, a, row); \
  }
TILE(tall, 1) TILE(main_rows, 1) TILE(short_rows, 1)
TILE(main_rows, 2) TILE(short_rows, 2)
TILE(main_rows, 3) TILE(short_rows, 3)
TILE(1, 1) TILE(1, 2) TILE(1, 3) TILE(1, 4) TILE(1, 5) TILE(1, 6) TILE(1, 7) TILE(1, 8)

#define ROWS(R, V) for (; m - i >= R; i += R) tile_##V##_##R(band, a, i);
#define CASE(V) \
  case V: ROWS(1, V) break;
static void multiply_band(const struct band *band, int64_t m, int64_t vectors, const float *a) {
  int64_t i = 0;
  if (vectors == 3 && widest >= 3) {
    ROWS(main_rows, 3) ROWS(short_rows, 3)
  } else if (vectors == 2) {
    ROWS(main_rows, 2) ROWS(short_rows, 2)
  } else if (vectors == 1) {
    ROWS(tall, 1) ROWS(main_rows, 1) ROWS(short_rows, 1)
  }
  switch (vectors) { CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) }
}

// out[p, j] = b[j, p] of n rows and k columns; out has rows of ld_out.
static void pack_transposed(
    const float *b, int64_t ldb, int64_t k, int64_t n, float *out, int64_t ld_out) {
  for (int64_t j = 0; j < n; j += lanes) {
    int64_t count = n - j < lanes ? n - j : lanes, p = 0;
    if (count == lanes)
      for (; p + lanes <= k; p += lanes)
        transpose_square(b + j * ldb + p, ldb, out + p * ld_out + j, ld_out);
    for (; p < k; p++)
      for (int64_t i = 0; i < count; i++) out[p * ld_out + j + i] = b[(j + i) * ldb + p];
  }
}

static void pack_straight(
    const float *b, int64_t ldb, int64_t k, int64_t vectors, part tail, float *out) {
  for (int64_t p = 0; p < k; p++)
    for (int64_t v = 0; v < vectors; v++) {
      vector x = load_lanes(b + p * ldb + lanes * v, v == vectors - 1, tail);
      STORE(out + (p * vectors + v) * lanes, x);
    }
}

static void multiply(const struct dense_product *p) {
  enum { depth = 256 };
  float panel[depth * widest * lanes] __attribute__((aligned(64)));
  // The lines of a band of long rows fall on few sets of a cache.
  bool is_packed = p->transpose_b || (p->transpose_a && p->n >= 256) || p->k * p->ldb >= 1 << 19;
  int64_t most_vectors = p->m < 4 && !is_packed ? 8 : widest;
  for (int64_t j = 0, columns; j < p->n; j += columns) {
    int64_t left = p->n - j, vectors = (left + lanes - 1) / lanes;
    if (vectors > most_vectors) vectors = vectors == 4 && widest == 3 ? 2 : most_vectors;
    columns = left < lanes * vectors ? left : lanes * vectors;
    struct band band = {
        .row = p->transpose_a ? 1 : p->lda, .step = p->transpose_a ? p->lda : 1, .ldb = p->ldb,
        .tail = part_of(columns - lanes * (vectors - 1)), .c = p->c + j, .ldc = p->ldc,
        .bias = p->bias ? p->bias + j : NULL, .accumulate = p->accumulate};
    int64_t k = 0;
    do {
      int64_t rest = p->k - k;
      band.k = is_packed && rest > depth ? depth : rest;
      if (band.k == rest) {
        band.relu = p->relu;
        band.gate = p->gate ? p->gate + j : NULL;
        band.ld_gate = p->ld_gate;
      }
      band.b = p->b + (p->transpose_b ? j * p->ldb + k : k * p->ldb + j);
      if (j + columns < p->n && band.k == p->k) {
        band.next = p->transpose_b ? p->b + (j + columns) * p->ldb : p->b + j + columns;
        band.next_step = p->transpose_b ? line : p->ldb;
        band.next_stretch = p->transpose_b ? line * p->k : line;
      }
      if (is_packed) {
        if (p->transpose_b)
          pack_transposed(band.b, p->ldb, band.k, columns, panel, lanes * vectors);
        else
          pack_straight(band.b, p->ldb, band.k, vectors, band.tail, panel);
        band.b = panel;
        band.ldb = lanes * vectors;
      }
      multiply_band(&band, p->m, vectors, p->a + k * band.step);
      band.bias = NULL;
      band.accumulate = true;
      k += band.k;
    } while (k < p->k);
  }
}
