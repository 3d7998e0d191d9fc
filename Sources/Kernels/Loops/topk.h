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

// Adds items first ..< last to the best of b <= top_rows queries; false, and nothing done, without
// AVX-512. `packed` has e · top_rows floats.
bool score_by_registers(
    const struct top_request *request, int64_t first, int64_t last, struct top_scores *tops,
    int64_t b, const float *query, float *packed);
