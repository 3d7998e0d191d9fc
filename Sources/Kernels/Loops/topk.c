#include "topk.h"

#include <string.h>

#include "cloops.h"
#include "parallel.h"
#include "registers.h"

static bool is_worse(float a, int32_t a_item, float b, int32_t b_item) {
  return a < b || (a == b && a_item > b_item);
}

static void sink(const struct top_scores *top, float score, int32_t item, int64_t size) {
  int64_t hole = 0;
  for (int64_t child; (child = 2 * hole + 1) < size; hole = child) {
    if (child + 1 < size
        && is_worse(
            top->scores[child + 1], top->items[child + 1], top->scores[child], top->items[child]))
      child++;
    if (!is_worse(top->scores[child], top->items[child], score, item)) break;
    top->scores[hole] = top->scores[child];
    top->items[hole] = top->items[child];
  }
  top->scores[hole] = score;
  top->items[hole] = item;
}

static void rise(const struct top_scores *top, float score, int32_t item) {
  int64_t hole = top->count - 1;
  for (int64_t parent; hole > 0; hole = parent) {
    parent = (hole - 1) / 2;
    if (!is_worse(score, item, top->scores[parent], top->items[parent])) break;
    top->scores[hole] = top->scores[parent];
    top->items[hole] = top->items[parent];
  }
  top->scores[hole] = score;
  top->items[hole] = item;
}

void top_scores_add(struct top_scores *top, float score, int64_t item) {
  if (top->allowed && !(top->allowed[item / 32] >> item % 32 & 1)) return;
  score = score != score ? -__builtin_inff() : score;
  if (top->count < top->capacity) {
    top->count++;
    rise(top, score, (int32_t)item);
  } else if (score > top->scores[0]) {
    sink(top, score, (int32_t)item, top->capacity);
  }
}

void top_scores_finish(const struct top_scores *top) {
  for (int64_t last = top->count - 1; last > 0; last--) {
    float score = top->scores[last];
    int32_t item = top->items[last];
    top->scores[last] = top->scores[0];
    top->items[last] = top->items[0];
    sink(top, score, item, last);
  }
  for (int64_t i = top->count; i < top->capacity; i++) {
    top->scores[i] = -__builtin_inff();
    top->items[i] = -1;
  }
}

// Where there are no registers to tile: a block of scores that stays in cache between the product
// and the scan.
static void score_by_products(
    const struct blas_library *blas, const struct top_request *r, int64_t first, int64_t last,
    struct top_scores *tops, int64_t b, const float *query) {
  enum { columns = top_columns };
  float block[top_rows * columns];
  for (; first < last; first += columns) {
    int64_t width = last - first < columns ? last - first : columns;
    struct dense_product product = {
        .transpose_b = true, .m = b, .n = width, .k = r->e, .a = query, .lda = r->e,
        .b = r->items + first * r->e, .ldb = r->e, .bias = r->bias ? r->bias + first : NULL,
        .c = block, .ldc = width};
    blas_product(blas, &product);
    for (int64_t i = 0; i < b; i++) {
      const float *row = block + i * width;
      for (int64_t j = 0; j < width; j += 32) {
        int64_t count = width - j < 32 ? width - j : 32;
        if (tops[i].count == tops[i].capacity
            && !host_any_above(row + j, tops[i].scores[0], count))
          continue;
        for (int64_t l = j; l < j + count; l++) top_scores_add(&tops[i], row[l], first + l);
      }
    }
  }
}

// Items first ..< last for one thread; scratch and lists of the best of its own.
struct share {
  int64_t first, last;
  float *packed;
  int32_t *items;
  float *scores;
};

struct sharing {
  const struct blas_library *blas;
  const struct top_request *request;
  struct share shares[top_threads];
  bool is_one;
};

// The best of a share for every query, sorted where there is no other.
static void score_share(const void *context, int64_t part) {
  const struct sharing *sharing = context;
  const struct share *share = &sharing->shares[part];
  const struct top_request *r = sharing->request;
  int64_t words = (r->n + 31) / 32;
  for (int64_t row = 0; row < r->b; row += top_rows) {
    int64_t b = r->b - row < top_rows ? r->b - row : top_rows;
    struct top_scores tops[top_rows];
    for (int64_t i = 0; i < b; i++)
      tops[i] = (struct top_scores){
          .capacity = r->k, .items = share->items + (row + i) * r->k,
          .scores = share->scores + (row + i) * r->k,
          .allowed = r->allowed ? r->allowed + (row + i) * words : NULL};
    const float *query = r->query + row * r->e;
    const struct registers *registers = scoring_registers(sharing->blas->vector_level, b);
    if (registers)
      registers->scores(r, share->first, share->last, tops, b, query, share->packed);
    else
      score_by_products(sharing->blas, r, share->first, share->last, tops, b, query);
    for (int64_t i = 0; i < b; i++) {
      if (sharing->is_one) {
        top_scores_finish(&tops[i]);
        continue;
      }
      // A shorter list ends with an item below 0.
      if (tops[i].count < r->k) tops[i].items[tops[i].count] = -1;
    }
  }
}

// A thread is worth its start where it has this much to do: multiplications, or floats to read.
static int64_t threads_for(const struct blas_library *blas, const struct top_request *r) {
  double work = (double)r->n * (double)r->e * (r->b < 8 ? 8 : (double)r->b);
  int64_t most = (int64_t)(work / 10e6);
  int64_t threads = blas->threads < top_threads ? blas->threads : top_threads;
  return most < 1 || threads < 1 ? 1 : most < threads ? most : threads;
}

int64_t top_scratch(const struct blas_library *blas, const struct top_request *r) {
  int64_t threads = threads_for(blas, r);
  return threads * (r->e * top_rows + 2 * r->b * r->k);
}

void host_score_top(
    const struct blas_library *blas, const struct top_request *r, float *scratch) {
  if (r->k == 0 || r->b == 0) return;
  int64_t threads = threads_for(blas, r), kept = r->b * r->k;
  struct sharing sharing = {.blas = blas, .request = r, .is_one = threads == 1};
  struct share *shares = sharing.shares;
  // Blocks of products begin where they would for one thread.
  int64_t step = ((r->n + threads - 1) / threads + top_columns - 1) / top_columns * top_columns;
  for (int64_t t = 0; t < threads; t++) {
    float *own = scratch + t * (r->e * top_rows + 2 * kept);
    shares[t] = (struct share){
        .first = t * step < r->n ? t * step : r->n,
        .last = (t + 1) * step < r->n ? (t + 1) * step : r->n, .packed = own,
        .items = (int32_t *)(own + r->e * top_rows), .scores = own + r->e * top_rows + kept};
  }
  if (sharing.is_one) {
    shares[0].items = r->best;
    shares[0].scores = r->scores;
  }
  in_parts((int)threads, threads, score_share, &sharing);
  if (sharing.is_one) return;
  for (int64_t i = 0; i < r->b; i++) {
    struct top_scores top = {
        .capacity = r->k, .items = r->best + i * r->k, .scores = r->scores + i * r->k};
    for (int64_t t = 0; t < threads; t++)
      for (int64_t j = 0; j < r->k && shares[t].items[i * r->k + j] >= 0; j++)
        top_scores_merge(&top, shares[t].scores[i * r->k + j], shares[t].items[i * r->k + j]);
    top_scores_finish(&top);
  }
}

void top_scores_merge(struct top_scores *top, float score, int32_t item) {
  if (top->count < top->capacity) {
    top->count++;
    rise(top, score, item);
  } else if (is_worse(top->scores[0], top->items[0], score, item)) {
    sink(top, score, item, top->capacity);
  }
}
