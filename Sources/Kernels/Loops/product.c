#include <stdint.h>
#include <string.h>

#include "clones.h"
#include "cloops.h"
#include "parallel.h"

// Six rows by sixteen columns of c stay in registers while a packed panel of b streams by.
enum { rows = 6, columns = 16, depth = 256 };

CLONES static void multiply_panel(
    const float *const a[rows], int64_t stride, const float *panel, int64_t k, float *out) {
  lanes c0 = 0, c1 = 0, c2 = 0, c3 = 0, c4 = 0, c5 = 0, b;
  for (int64_t p = 0; p < k; p++) {
    memcpy(&b, panel + p * columns, sizeof b);
    c0 += a[0][p * stride] * b;
    c1 += a[1][p * stride] * b;
    c2 += a[2][p * stride] * b;
    c3 += a[3][p * stride] * b;
    c4 += a[4][p * stride] * b;
    c5 += a[5][p * stride] * b;
  }
  memcpy(out, &c0, sizeof c0);
  memcpy(out + columns, &c1, sizeof c1);
  memcpy(out + 2 * columns, &c2, sizeof c2);
  memcpy(out + 3 * columns, &c3, sizeof c3);
  memcpy(out + 4 * columns, &c4, sizeof c4);
  memcpy(out + 5 * columns, &c5, sizeof c5);
}

void host_product(const struct dense_product *p) {
  int64_t m = p->m, n = p->n;
  if (!p->accumulate)
    for (int64_t i = 0; i < m; i++) memset(p->c + i * p->ldc, 0, (size_t)n * sizeof(float));
  int64_t row_step = p->transpose_a ? 1 : p->lda, step = p->transpose_a ? p->lda : 1;
  float panel[depth * columns], out[rows * columns];
  for (int64_t start = 0; start < p->k; start += depth) {
    int64_t count = p->k - start < depth ? p->k - start : depth;
    for (int64_t column = 0; column < n; column += columns) {
      int64_t width = n - column < columns ? n - column : columns;
      if (width < columns) memset(panel, 0, sizeof panel);
      for (int64_t q = 0; q < count; q++)
        for (int64_t j = 0; j < width; j++)
          panel[q * columns + j] = p->transpose_b ? p->b[(column + j) * p->ldb + start + q]
                                                  : p->b[(start + q) * p->ldb + column + j];
      for (int64_t row = 0; row < m; row += rows) {
        // Rows past the last repeat it; their sums are not stored.
        const float *at[rows];
        for (int64_t i = 0; i < rows; i++)
          at[i] = p->a + (row + i < m ? row + i : m - 1) * row_step + start * step;
        multiply_panel(at, step, panel, count, out);
        for (int64_t i = 0; i < rows && row + i < m; i++)
          for (int64_t j = 0; j < width; j++)
            p->c[(row + i) * p->ldc + column + j] += out[i * columns + j];
      }
    }
  }
}

static void library_product(const struct blas_library *blas, const struct dense_product *p) {
  blas_alone(blas);
  blas->sgemm(
      blas_row_major, p->transpose_a ? blas_transpose : blas_no_transpose,
      p->transpose_b ? blas_transpose : blas_no_transpose, (int)p->m, (int)p->n, (int)p->k, 1,
      p->a, (int)p->lda, p->b, (int)p->ldb, p->accumulate, p->c, (int)p->ldc);
}

// Whether the tiles were measured to be the faster on one thread.
static bool suits_tiles(int level, const struct dense_product *p) {
  double volume = (double)p->m * (double)p->n * (double)p->k;
  if (level < 4) {
    // Few rows do not pay for packing.
    if (p->m < 8) return p->m >= 4 || (!p->transpose_a && (p->transpose_b || volume <= 1e6));
    return volume <= 1.2e6;
  }
  if (p->transpose_b) return !p->transpose_a && p->m >= 16 && volume <= 100e6;
  // A last vector of few lanes costs what a full one does.
  bool is_filled = (p->n - 1) % 16 >= 4 || p->n >= 200;
  if (!p->transpose_a) return volume <= 64e6 && (is_filled || volume > 1.2e6);
  return p->k >= 32 && is_filled && volume <= 12e6;
}

// Tiles of c, each a product of its own; they are as high or as wide as c, and their sizes follow
// from its shape alone.
struct tiling {
  const struct blas_library *blas;
  const struct dense_product *whole;
  int64_t rows, columns;
  bool by_tiles;
};

static void multiply_tile(const void *context, int64_t part) {
  const struct tiling *tiling = context;
  struct dense_product p = *tiling->whole;
  int64_t row = tiling->rows < p.m ? part * tiling->rows : 0;
  int64_t column = tiling->columns < p.n ? part * tiling->columns : 0;
  p.m = p.m - row < tiling->rows ? p.m - row : tiling->rows;
  p.n = p.n - column < tiling->columns ? p.n - column : tiling->columns;
  p.a += row * (p.transpose_a ? 1 : p.lda);
  p.b += column * (p.transpose_b ? p.ldb : 1);
  p.c += row * p.ldc + column;
  if (p.bias) p.bias += column;
  if (p.gate) p.gate += row * p.ld_gate + column;
  if (tiling->by_tiles && tiles_product(tiling->blas, &p)) return;
  if (p.bias) {
    for (int64_t i = 0; i < p.m; i++)
      memcpy(p.c + i * p.ldc, p.bias, (size_t)p.n * sizeof(float));
    p.accumulate = true;
  }
  if (tiling->blas->sgemm && p.k > 0)
    library_product(tiling->blas, &p);
  else
    host_product(&p);
  for (int64_t i = 0; i < p.m && (p.relu || p.gate); i++) {
    float *row = p.c + i * p.ldc;
    if (p.relu) host_relu(row, row, p.n);
    if (p.gate) host_relu_backward(row, p.gate + i * p.ld_gate, row, p.n);
  }
}

// Of a side in the least even number of tiles of at most `most`, each of whole steps.
static int64_t tile_side(int64_t side, int64_t most, int64_t step) {
  int64_t count = 2 * ((side + 2 * most - 1) / (2 * most));
  return ((side + count - 1) / count + step - 1) / step * step;
}

void blas_product(const struct blas_library *blas, const struct dense_product *product) {
  const struct dense_product *p = product;
  if (p->m == 0 || p->n == 0) return;
  struct tiling tiling = {
      .blas = blas, .whole = p, .rows = p->m, .columns = p->n,
      .by_tiles = !blas->sgemm || p->k == 0 || suits_tiles(blas->vector_level, p)};
  // Every tile packs its operands anew, which costs one thread 1 to 4 % at these sizes.
  if ((double)p->m * (double)p->n * (double)p->k >= 15e6) {
    if (3 * p->m >= p->n)
      tiling.rows = tile_side(p->m, 512, 16);
    else
      tiling.columns = tile_side(p->n, 1024, 48);
  }
  int64_t down = (p->m + tiling.rows - 1) / tiling.rows;
  int64_t across = (p->n + tiling.columns - 1) / tiling.columns;
  in_parts(blas->threads, down * across, multiply_tile, &tiling);
}
