#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "cloops.h"

enum { parallel_threads = 64 };

struct row_share {
  void (*work)(const void *context, int64_t first, int64_t last);
  const void *context;
  int64_t first, last;
};

static inline void *work_on_share(void *argument) {
  const struct row_share *share = argument;
  unsigned before = host_flush_subnormals();
  share->work(share->context, share->first, share->last);
  host_restore_subnormals(before);
  return NULL;
}

// work(context, first, last) over disjoint runs of `rows` rows, on as many of `threads` threads as
// have `least` elements to do each; what a row gets does not depend on their number.
static inline void over_rows(
    int threads, int64_t rows, int64_t elements, int64_t least,
    void (*work)(const void *context, int64_t first, int64_t last), const void *context) {
  int64_t count = elements / least;
  if (count > threads) count = threads;
  if (count > parallel_threads) count = parallel_threads;
  if (count > rows) count = rows;
  if (count <= 1) {
    work(context, 0, rows);
    return;
  }
  struct row_share shares[parallel_threads];
  pthread_t started[parallel_threads];
  bool runs[parallel_threads] = {false};
  for (int64_t t = 0; t < count; t++)
    shares[t] = (struct row_share){work, context, t * rows / count, (t + 1) * rows / count};
  for (int64_t t = 1; t < count; t++)
    runs[t] = pthread_create(&started[t], NULL, work_on_share, &shares[t]) == 0;
  work(context, shares[0].first, shares[0].last);
  for (int64_t t = 1; t < count; t++) {
    if (runs[t])
      pthread_join(started[t], NULL);
    else
      work_on_share(&shares[t]);
  }
}
