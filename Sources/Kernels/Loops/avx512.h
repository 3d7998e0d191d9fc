#pragma once
#if defined(__x86_64__)
#include <immintrin.h>
#include <stdint.h>

// Code for the vector level 4 of `blas_vector_level`. Constant bounds unroll, so that arrays of
// vectors become registers.
#define V4 __attribute__((target("arch=x86-64-v4")))
#define INLINE static inline __attribute__((always_inline)) V4
#define UNROLL _Pragma("clang loop unroll(full)")
typedef __m512 vector;
// Vectors that a tile keeps, at most.
enum { most = 24 };
#endif
