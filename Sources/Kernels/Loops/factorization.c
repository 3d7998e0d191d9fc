#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "clones.h"
#include "cloops.h"
#include "parallel.h"

// Ratings of one user that are taken together.
enum { together = 4, widest = 8 };
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll_count(8)")
#define LOAD(v, p) memcpy(&v, p, sizeof(lanes))
#define STORE(v, p) memcpy(p, &v, sizeof(lanes))

typedef float quarter __attribute__((ext_vector_type(together)));
typedef float half __attribute__((ext_vector_type(8)));

// What a step does to each lane of a row: row = keep · row + rate · change. The lane that holds 1
// keeps it.
struct step {
  const float *user_keep, *user_rate, *item_keep, *item_rate;
  // An item that is no row of the table is taken for this one.
  uint32_t last_item;
};

static inline __attribute__((always_inline)) size_t row_of(int32_t item, struct step s) {
  return (uint32_t)item < s.last_item ? (uint32_t)item : s.last_item;
}

// The four sums of 16 lanes, folded by halves side by side.
INLINE quarter sums(const lanes *a) {
#define LOW(x, y) \
  __builtin_shufflevector(x, y, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
#define HIGH(x, y) \
  __builtin_shufflevector(x, y, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31)
#define EVEN(x, y) \
  __builtin_shufflevector(x, y, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
#define ODD(x, y) \
  __builtin_shufflevector(x, y, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31)
  lanes ab = LOW(a[0], a[1]) + HIGH(a[0], a[1]), cd = LOW(a[2], a[3]) + HIGH(a[2], a[3]);
  lanes abcd = EVEN(ab, cd) + ODD(ab, cd);
  half pairs = __builtin_shufflevector(abcd, abcd, 0, 1, 4, 5, 8, 9, 12, 13)
      + __builtin_shufflevector(abcd, abcd, 2, 3, 6, 7, 10, 11, 14, 15);
  return __builtin_shufflevector(pairs, pairs, 0, 2, 4, 6)
      + __builtin_shufflevector(pairs, pairs, 1, 3, 5, 7);
}

// `n` ratings of the user whose row is `p`: errors first, then every row's step by them.
INLINE void take(
    const int vectors, const int n, float *p, float *items, const int32_t *item,
    const float *value, struct step s) {
  float *q[together];
  lanes dot[together] = {0, 0, 0, 0}, t, u;
  quarter error = 0;
  for (int j = 0; j < n; j++) {
    q[j] = items + row_of(item[j], s) * (size_t)(16 * vectors);
    error[j] = value[j];
  }
  UNROLL for (int v = 0; v < vectors; v++) {
    LOAD(u, p + 16 * v);
    for (int j = 0; j < n; j++) LOAD(t, q[j] + 16 * v), dot[j] += u * t;
  }
  error -= sums(dot);
  UNROLL for (int v = 0; v < vectors; v++) {
    lanes user_keep, user_rate, item_keep, item_rate, sum = 0;
    LOAD(u, p + 16 * v);
    LOAD(user_keep, s.user_keep + 16 * v), LOAD(user_rate, s.user_rate + 16 * v);
    LOAD(item_keep, s.item_keep + 16 * v), LOAD(item_rate, s.item_rate + 16 * v);
    item_rate *= u;
    for (int j = 0; j < n; j++) {
      LOAD(t, q[j] + 16 * v);
      sum += error[j] * t;
      u *= user_keep;
      t = item_keep * t + error[j] * item_rate;
      STORE(t, q[j] + 16 * v);
    }
    u += user_rate * sum;
    STORE(u, p + 16 * v);
  }
}

INLINE void take_run(
    const int vectors, float *user, float *items, const int32_t *item, const float *value,
    int64_t n, struct step s) {
  float row[16 * widest], *p = vectors <= widest ? row : user;
  if (p == row) memcpy(row, user, sizeof(float) * 16 * (size_t)vectors);
  for (; n >= together; n -= together, item += together, value += together) {
    for (int j = together; j < 2 * together && j < n; j++) {
      const float *next = items + row_of(item[j], s) * (size_t)(16 * vectors);
      UNROLL for (int v = 0; v < vectors; v++) __builtin_prefetch(next + 16 * v, 1);
    }
    take(vectors, together, p, items, item, value, s);
  }
  switch (n) {
    case 3: take(vectors, 3, p, items, item, value, s); break;
    case 2: take(vectors, 2, p, items, item, value, s); break;
    case 1: take(vectors, 1, p, items, item, value, s);
  }
  if (p == row) memcpy(user, row, sizeof(float) * 16 * (size_t)vectors);
}

INLINE int32_t rating_of(const struct host_ratings *r, int32_t start) {
  return start < 0 ? 0 : start < r->ratings ? start : r->ratings;
}

CLONES static void take_block(
    const struct host_ratings *r, int64_t block, float *users, float *items, struct step s) {
  const int width = r->width;
  const int32_t *run = r->blocks + block;
  const int32_t first = run[0] < 0 ? 0 : run[0], last = run[1] < r->runs ? run[1] : r->runs;
#define RUNS(vectors) \
  for (int32_t i = first; i < last; i++) { \
    const int32_t start = rating_of(r, r->starts[i]), end = rating_of(r, r->starts[i + 1]); \
    if (r->users[i] < 0 || r->users[i] >= r->user_rows) continue; \
    take_run( \
        vectors, users + (size_t)r->users[i] * (size_t)(16 * (vectors)), items, \
        r->items + start, r->values + start, end - start, s); \
  } \
  break
  switch (width / 16) {
    case 1: RUNS(1);
    case 2: RUNS(2);
    case 3: RUNS(3);
    case 4: RUNS(4);
    case 5: RUNS(5);
    case 6: RUNS(6);
    case 7: RUNS(7);
    case 8: RUNS(8);
    default: RUNS(width / 16);
  }
}

// Blocks are claimed in their order, and one begins when the last before it in its row and in its
// column of the grid has ended: the result is that of one thread.
struct pass {
  const struct host_ratings *ratings;
  const int32_t *shifts;
  float *users, *items;
  struct step step;
  pthread_mutex_t *mutex;
  pthread_cond_t *ended;
  int *rows_done, *columns_done;
};

static void work(const void *context, int64_t part) {
  const struct pass *pass = context;
  const int side = pass->ratings->side;
  const int round = (int)part / side, row = (int)part % side;
  const int column = (row + pass->shifts[round]) % side;
  pthread_mutex_lock(pass->mutex);
  while (pass->rows_done[row] < round || pass->columns_done[column] < round)
    pthread_cond_wait(pass->ended, pass->mutex);
  pthread_mutex_unlock(pass->mutex);
  take_block(pass->ratings, (int64_t)row * side + column, pass->users, pass->items, pass->step);
  pthread_mutex_lock(pass->mutex);
  pass->rows_done[row]++;
  pass->columns_done[column]++;
  pthread_cond_broadcast(pass->ended);
  pthread_mutex_unlock(pass->mutex);
}

void host_factorize(
    const struct host_ratings *ratings, const int32_t *shifts, int rounds, float *users,
    float *items, int k, float rate, float decay, float bias_decay, float *scratch, int threads) {
  const int width = ratings->width;
  float *lane[4];
  for (int i = 0; i < 4; i++) lane[i] = scratch + i * width;
  for (int d = 0; d < width; d++) {
    const bool user = d <= k, item = d < k || d == k + 1;
    const float keep = 1.0f - rate * (d < k ? decay : bias_decay);
    lane[0][d] = user ? keep : 1, lane[1][d] = user ? rate : 0;
    lane[2][d] = item ? keep : 1, lane[3][d] = item ? rate : 0;
  }
  int rows_done[host_grid_limit] = {0}, columns_done[host_grid_limit] = {0};
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
  struct pass pass = {
      ratings, shifts, users, items,
      {lane[0], lane[1], lane[2], lane[3], (uint32_t)ratings->item_rows - 1}, &mutex, &ended,
      rows_done, columns_done};
  in_parts(threads, (int64_t)rounds * ratings->side, work, &pass);
}
