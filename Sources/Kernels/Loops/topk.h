#pragma once
#include "cloops.h"

enum { top_rows = 64, top_columns = 256, top_threads = blas_most_threads };

// The best scores of one query so far: a heap whose root is the worst kept.
struct top_scores {
  int64_t capacity, count;
  int32_t *items;
  float *scores;
  // One bit an item, or null.
  const uint32_t *allowed;
};

// For items in the order of their numbers: one that equals the worst kept is worse.
void top_scores_add(struct top_scores *top, float score, int64_t item);
// For items in any order.
void top_scores_merge(struct top_scores *top, float score, int32_t item);
// Best first; -1 and -inf behind the last.
void top_scores_finish(const struct top_scores *top);
