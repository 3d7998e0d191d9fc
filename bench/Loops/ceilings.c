#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "benchloops.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(__x86_64__) && !__has_feature(thread_sanitizer) && !__has_feature(address_sanitizer)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

enum { most_threads = 256 };

struct share {
  void (*body)(struct share *);
  const float *a, *b;
  float *y;
  int64_t n, repeats;
  double result;
};

static void *run(void *argument) {
  struct share *share = argument;
  share->body(share);
  return NULL;
}

// Each thread gets a share of whole cache lines; the caller is one of them.
static double divide(struct share whole, int threads) {
  if (threads < 1) threads = 1;
  if (threads > most_threads) threads = most_threads;
  struct share shares[most_threads];
  pthread_t ids[most_threads];
  int64_t lines = (whole.n + 15) / 16;
  for (int i = 0; i < threads; i++) {
    int64_t first = lines * i / threads * 16, last = lines * (i + 1) / threads * 16;
    if (last > whole.n) last = whole.n;
    shares[i] = whole;
    shares[i].n = last - first;
    if (whole.a) shares[i].a += first;
    if (whole.b) shares[i].b += first;
    if (whole.y) shares[i].y += first;
  }
  bool started[most_threads] = {false};
  for (int i = 1; i < threads; i++)
    started[i] = pthread_create(&ids[i], NULL, run, &shares[i]) == 0;
  run(&shares[0]);
  double result = shares[0].result;
  for (int i = 1; i < threads; i++) {
    if (started[i]) pthread_join(ids[i], NULL);
    else run(&shares[i]);
    result += shares[i].result;
  }
  return result;
}

// The compiler must take memory for changed, so that a repetition is not left out.
#define BARRIER __asm__ volatile("" ::: "memory")

CLONES static void copy_share(struct share *s) {
  for (int64_t r = 0; r < s->repeats; r++) {
    memcpy(s->y, s->a, (size_t)s->n * sizeof *s->y);
    BARRIER;
  }
}

CLONES static void triad_share(struct share *s) {
  const float *restrict a = s->a, *restrict b = s->b;
  float *restrict y = s->y;
  for (int64_t r = 0; r < s->repeats; r++) {
    for (int64_t i = 0; i < s->n; i++) y[i] = a[i] + 3 * b[i];
    BARRIER;
  }
}

CLONES static void read_share(struct share *s) {
#pragma clang fp reassociate(on)
  const float *x = s->a;
  float sum = 0;
  for (int64_t r = 0; r < s->repeats; r++) {
    for (int64_t i = 0; i < s->n; i++) sum += x[i];
    BARRIER;
  }
  s->result = sum;
}

// Fourteen chains, more than the latency of a multiply-add times the units that do it.
enum { chains = 14, steps = 64 };
#define CHAINS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13)

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static void multiply_add_16(struct share *s) {
  __m512 x = _mm512_set1_ps(0.999f), y = _mm512_set1_ps(0.001f);
#define X(i) __m512 c##i = _mm512_set1_ps(i);
  CHAINS(X)
#undef X
  for (int64_t r = 0; r < s->repeats; r++)
    for (int k = 0; k < steps; k++) {
#define X(i)                         \
  c##i = _mm512_fmadd_ps(c##i, x, y); \
  __asm__("" : "+v"(c##i));
      CHAINS(X)
#undef X
    }
  __m512 sum = x;
#define X(i) sum = _mm512_add_ps(sum, c##i);
  CHAINS(X)
#undef X
  s->result = 2.0 * 16 * chains * steps * s->repeats + (sum[0] == 12345);
}

__attribute__((target("avx2,fma"))) static void multiply_add_8(struct share *s) {
  __m256 x = _mm256_set1_ps(0.999f), y = _mm256_set1_ps(0.001f);
#define X(i) __m256 c##i = _mm256_set1_ps(i);
  CHAINS(X)
#undef X
  for (int64_t r = 0; r < s->repeats; r++)
    for (int k = 0; k < steps; k++) {
#define X(i)                         \
  c##i = _mm256_fmadd_ps(c##i, x, y); \
  __asm__("" : "+x"(c##i));
      CHAINS(X)
#undef X
    }
  __m256 sum = x;
#define X(i) sum = _mm256_add_ps(sum, c##i);
  CHAINS(X)
#undef X
  s->result = 2.0 * 8 * chains * steps * s->repeats + (sum[0] == 12345);
}
#endif

typedef float four __attribute__((vector_size(16)));

static void multiply_add_4(struct share *s) {
#pragma clang fp contract(fast)
  four x = {0.999f, 0.999f, 0.999f, 0.999f}, y = {0.001f, 0.001f, 0.001f, 0.001f};
#define X(i) four c##i = {i, i, i, i};
  CHAINS(X)
#undef X
  for (int64_t r = 0; r < s->repeats; r++)
    for (int k = 0; k < steps; k++) {
#define X(i) c##i = c##i * x + y;
      CHAINS(X)
#undef X
      BARRIER;
    }
  four sum = x;
#define X(i) sum += c##i;
  CHAINS(X)
#undef X
  s->result = 2.0 * 4 * chains * steps * s->repeats + (sum[0] == 12345);
}

void bench_copy(const float *x, float *y, int64_t n, int threads, int64_t repeats) {
  divide((struct share){copy_share, x, NULL, y, n, repeats, 0}, threads);
}

void bench_triad(
    const float *a, const float *b, float *y, int64_t n, int threads, int64_t repeats) {
  divide((struct share){triad_share, a, b, y, n, repeats, 0}, threads);
}

float bench_read(const float *x, int64_t n, int threads, int64_t repeats) {
  return (float)divide((struct share){read_share, x, NULL, NULL, n, repeats, 0}, threads);
}

double bench_multiply_add(int threads, int64_t repeats) {
  void (*body)(struct share *) = multiply_add_4;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) body = multiply_add_16;
  else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) body = multiply_add_8;
#endif
  return divide((struct share){body, NULL, NULL, NULL, 0, repeats, 0}, threads);
}

bool bench_limit_processors(int count) {
#if defined(__linux__)
  cpu_set_t may, set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof may, &may) != 0) return false;
  for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&set) < count; i++)
    if (CPU_ISSET(i, &may)) CPU_SET(i, &set);
  return sched_setaffinity(0, sizeof set, &set) == 0;
#else
  return false;
#endif
}

int bench_processor_count(void) {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  return (int)sysconf(_SC_NPROCESSORS_ONLN);
}
