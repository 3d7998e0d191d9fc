#pragma once
#include <stdbool.h>
#include <stdint.h>

// The functions of OpenBLAS that are used, found at run time; LP64 integers, CBLAS enums as int.
enum { blas_row_major = 101, blas_no_transpose = 111, blas_transpose = 112 };
enum { blas_most_threads = 64 };

typedef void (*blas_sgemm_function)(
    int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a,
    int lda, const float *b, int ldb, float beta, float *c, int ldc);

struct blas_library {
  void *handle;
  blas_sgemm_function sgemm;
  void (*set_num_threads)(int);
  int (*get_num_threads)(void);
  char *(*get_config)(void);
  char *(*get_corename)(void);
  // Threads that share large work: OPENBLAS_NUM_THREADS or OMP_NUM_THREADS, else as many as cores.
  // OpenBLAS itself runs on one, since its bits depend on how many it has.
  int threads;
  // `blas_vector_level`, of the loops beside OpenBLAS.
  int vector_level;
  // The name it was found under, or empty.
  char file[64];
  // Why there is none, or empty.
  char reason[256];
  // Whether that is for want of address space.
  bool is_starved;
  // The core that OpenBLAS had chosen before it was opened again with a better one, or empty.
  char replaced_core[32];
};

// Opened by the first call.
// Where OPENBLAS_CORETYPE is not set and OpenBLAS, not knowing the processor, chose a core without
// the vector instructions that the processor has, it is opened again for a core with them.
const struct blas_library *blas_open(void);
// Before a product: OpenBLAS computes those of the calling thread on that thread alone. Where it was
// built for OpenMP, each thread has a number of its own.
void blas_alone(const struct blas_library *library);
// 4: AVX-512, 3: AVX2 and FMA, 1: neither; 0 where the architecture is not x86-64. DRR_VECTOR_LEVEL
// may lower it, so that what other processors run can be tested.
int blas_vector_level(void);
// Bytes of address space that this process may have (ulimit -v); all ones where there is no limit.
uint64_t host_address_space(void);
// Processors that this process may run on.
int host_core_count(void);
