#pragma once
#include <stdbool.h>
#include <stdint.h>

// What this machine's memory and arithmetic can do, on so many threads at once. Every thread works
// on its own share of the arrays, whose pages it has touched first.

// y = x.
void bench_copy(const float *x, float *y, int64_t n, int threads, int64_t repeats);
// y = a + 3 b.
void bench_triad(const float *a, const float *b, float *y, int64_t n, int threads, int64_t repeats);
// Σ x, so that nothing is written.
float bench_read(const float *x, int64_t n, int threads, int64_t repeats);
// Multiply-adds that depend on nothing in memory; returns how many floating-point operations that
// were.
double bench_multiply_add(int threads, int64_t repeats);

// Keeps every thread of this process, and of those it starts, on the first `count` of the processors
// that it may run on.
bool bench_limit_processors(int count);
int bench_processor_count(void);

// OpenBLAS itself, without the layer around it. It must run already.
struct bench_blas {
  void (*sgemm)(
      int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a,
      int lda, const float *b, int ldb, float beta, float *c, int ldc);
  void (*set_num_threads)(int);
  int (*get_num_threads)(void);
};
// False where no OpenBLAS runs in this process.
bool bench_blas_find(struct bench_blas *library);
// c[m, n] = op(a) · op(b), row-major, contiguous.
void bench_blas_product(
    const struct bench_blas *library, bool transpose_a, bool transpose_b, int m, int n, int k,
    const float *a, const float *b, float *c);
