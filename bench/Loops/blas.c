#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>

#include "benchloops.h"

bool bench_blas_find(struct bench_blas *library) {
  static const char *const names[] = {
      "libopenblas.so.0", "libopenblas.so", "libopenblas.dylib"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    void *handle = dlopen(names[i], RTLD_NOW | RTLD_NOLOAD);
    if (!handle) continue;
    *(void **)&library->sgemm = dlsym(handle, "cblas_sgemm");
    *(void **)&library->set_num_threads = dlsym(handle, "openblas_set_num_threads");
    *(void **)&library->get_num_threads = dlsym(handle, "openblas_get_num_threads");
    if (library->sgemm && library->set_num_threads && library->get_num_threads) return true;
  }
  return false;
}

void bench_blas_product(
    const struct bench_blas *library, bool transpose_a, bool transpose_b, int m, int n, int k,
    const float *a, const float *b, float *c) {
  enum { row_major = 101, plain = 111, transposed = 112 };
  library->sgemm(
      row_major, transpose_a ? transposed : plain, transpose_b ? transposed : plain, m, n, k, 1, a,
      transpose_a ? m : k, b, transpose_b ? k : n, 0, c, n);
}
