#include <stdint.h>
#include <string.h>

#include "clones.h"
#include "copenblas.h"

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

void host_product(
    bool transpose_a, bool transpose_b, int m, int n, int k, const float *a, const float *b,
    float beta, float *c, int ldc) {
  if (beta == 0)
    for (int64_t i = 0; i < m; i++) memset(c + i * ldc, 0, (size_t)n * sizeof(float));
  int64_t row_step = transpose_a ? 1 : k, step = transpose_a ? m : 1;
  float panel[depth * columns], out[rows * columns];
  for (int64_t start = 0; start < k; start += depth) {
    int64_t count = k - start < depth ? k - start : depth;
    for (int64_t column = 0; column < n; column += columns) {
      int64_t width = n - column < columns ? n - column : columns;
      if (width < columns) memset(panel, 0, sizeof panel);
      for (int64_t p = 0; p < count; p++)
        for (int64_t j = 0; j < width; j++)
          panel[p * columns + j] = transpose_b ? b[(column + j) * k + start + p]
                                               : b[(start + p) * n + column + j];
      for (int64_t row = 0; row < m; row += rows) {
        // Rows past the last repeat it; their sums are not stored.
        const float *at[rows];
        for (int64_t i = 0; i < rows; i++)
          at[i] = a + (row + i < m ? row + i : m - 1) * row_step + start * step;
        multiply_panel(at, step, panel, count, out);
        for (int64_t i = 0; i < rows && row + i < m; i++)
          for (int64_t j = 0; j < width; j++)
            c[(row + i) * ldc + column + j] += out[i * columns + j];
      }
    }
  }
}
