#include <string.h>

#include "clones.h"
#include "cloops.h"
#include "parallel.h"
#include "topk.h"

// Columns that are perturbed at once, and the most of a row whose places are counted.
enum { chunk = 1024, counted = 128 };

typedef int32_t places __attribute__((ext_vector_type(16)));
static const places lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

// Sixteen scores, of which the first `count` are of the row; the others, and NaN, rank lowest.
static inline void load_ranked(const float *scores, int32_t count, lanes *to) {
  lanes row;
  memcpy(&row, scores, sizeof row);
  *to = lane < (places)count && row == row ? row : (lanes)-__builtin_inff();
}

// The place of a score is the number of those before it: no branch that could be mispredicted.
CLONES static void rank_rows(
    const float *scores, int64_t rows, int32_t n, int32_t k, int32_t *index, int64_t width) {
  lanes row[counted / 16];
  places place[counted / 16];
  const float *score = (const float *)row;
  const int32_t *place_of = (const int32_t *)place;
  int32_t blocks = (n + 15) / 16;
  for (; rows-- > 0; scores += n, index += width) {
    for (int32_t i = 0; i < blocks; i++) load_ranked(scores + 16 * i, n - 16 * i, &row[i]);
    for (int32_t i = 0; i < blocks; i++) {
      places count = 0;
      int32_t j = 0;
      for (; j < 16 * i; j++) count -= (lanes)score[j] >= row[i];
      for (; j < 16 * i + 16; j++)
        count -= ((lanes)score[j] > row[i]) | (((lanes)score[j] == row[i]) & (lane > j - 16 * i));
      for (; j < n; j++) count -= (lanes)score[j] > row[i];
      place[i] = count;
    }
    for (int32_t i = 0; i < n; i++)
      if (place_of[i] < k) index[place_of[i]] = score[i] > -__builtin_inff() ? i : -1;
    for (int32_t i = n; i < k; i++) index[i] = -1;
  }
}

CLONES static void best_of_rows(
    const float *scores, int64_t rows, int32_t n, int32_t *index, int64_t width) {
  for (; rows-- > 0; scores += n, index += width) {
    lanes best = -__builtin_inff();
    places column = INT32_MAX;
    for (int32_t j = 0; j < n; j += 16) {
      lanes block;
      load_ranked(scores + j, n - j, &block);
      places at = lane + j;
      column = block > best ? at : column;
      best = block > best ? block : best;
    }
    lanes top = __builtin_reduce_max(best);
    int32_t first = __builtin_reduce_min(best == top ? column : (places)INT32_MAX);
    *index = first == INT32_MAX ? -1 : first;
  }
}

struct row_sharing {
  const struct top_rows_request *request;
  int64_t step;
  float *best;
};

static void offer(struct top_scores *top, const float *scores, int64_t first, int64_t count) {
  for (int64_t j = 0; j < count; j++)
    if (scores[j] > -__builtin_inff()) top_scores_add(top, scores[j], first + j);
}

static bool is_full(const struct top_scores *top) { return top->count == top->capacity; }

static void long_row(const struct top_rows_request *r, int64_t row, float *best) {
  const float *scores = r->scores + row * r->n;
  struct top_scores top = {.capacity = r->k, .items = r->index + row * r->width, .scores = best};
  float block[64];
  int64_t word = row * r->n, step = r->perturbed ? 64 : 32;
  for (int64_t j = r->perturbed ? -(word & 3) : 0; j < r->n; j += step) {
    if (is_full(&top)) {
      if (r->perturbed)
        j = host_gumbel_candidates(r->key, r->counter, word, scores, best[0], j, r->n);
      else
        while (j + step <= r->n && !host_any_above(scores + j, best[0], step)) j += step;
      if (j >= r->n) break;
    }
    int64_t from = j < 0 ? 0 : j, count = (r->n - j < step ? r->n : j + step) - from;
    if (r->perturbed)
      host_gumbel(r->key, r->counter, word + from, scores + from, block, count);
    offer(&top, r->perturbed ? block : scores + from, from, count);
  }
  top_scores_finish(&top);
}

static void rank_share(const void *context, int64_t part) {
  const struct row_sharing *sharing = context;
  const struct top_rows_request *r = sharing->request;
  int64_t first = part * sharing->step;
  int64_t last = r->b - first < sharing->step ? r->b : first + sharing->step;
  if (r->n > counted) {
    for (int64_t row = first; row < last; row++) long_row(r, row, sharing->best + part * r->k);
    return;
  }
  float scores[chunk + 16] = {0};
  int64_t step = r->n ? chunk / r->n : chunk;
  for (int64_t row = first; row < last; row += step) {
    int64_t rows = last - row < step ? last - row : step, at = row * r->n;
    if (r->perturbed)
      host_gumbel(r->key, r->counter, at, r->scores + at, scores, rows * r->n);
    else
      memcpy(scores, r->scores + at, (size_t)(rows * r->n) * sizeof(float));
    int32_t *index = r->index + row * r->width;
    if (r->k == 1)
      best_of_rows(scores, rows, (int32_t)r->n, index, r->width);
    else
      rank_rows(scores, rows, (int32_t)r->n, (int32_t)r->k, index, r->width);
  }
}

// A thread is worth its start where it has this many scores to look at.
static int64_t threads_for(const struct blas_library *blas, const struct top_rows_request *r) {
  int64_t most = r->b * r->n / (r->perturbed ? 1 << 16 : 1 << 19);
  if (most > blas->threads) most = blas->threads;
  if (most > r->b) most = r->b;
  return most < 1 ? 1 : most < top_threads ? most : top_threads;
}

int64_t top_rows_scratch(const struct blas_library *blas, const struct top_rows_request *r) {
  return threads_for(blas, r) * r->k;
}

void host_top_rows(
    const struct blas_library *blas, const struct top_rows_request *r, float *scratch) {
  if (r->k == 0 || r->b == 0) return;
  int64_t threads = threads_for(blas, r);
  struct row_sharing sharing = {r, (r->b + threads - 1) / threads, scratch};
  in_parts((int)threads, (r->b + sharing.step - 1) / sharing.step, rank_share, &sharing);
}
