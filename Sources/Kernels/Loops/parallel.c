#include "parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "cloops.h"

// What one call of `in_parts` has to do, on its caller's stack. `wanted` and `helping` belong to
// the lock.
struct job {
  void (*work)(const void *context, int64_t part);
  const void *context;
  int64_t parts;
  _Atomic int64_t next;
  // How the caller takes subnormal numbers.
  unsigned subnormals;
  // Helpers that may still join, and those at work.
  int wanted, helping;
  struct job *after;
};

enum { most_helpers = 63 };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t is_posted = PTHREAD_COND_INITIALIZER, is_left = PTHREAD_COND_INITIALIZER;
static struct job *jobs;
static int helpers;

static void take_parts(struct job *job) {
  for (int64_t part; (part = atomic_fetch_add(&job->next, 1)) < job->parts;)
    job->work(job->context, part);
}

// A helper waits for jobs as long as the process lives.
static void *help(void *unused) {
  pthread_mutex_lock(&lock);
  while (true) {
    struct job *job = jobs;
    while (job && job->wanted == 0) job = job->after;
    if (!job) {
      pthread_cond_wait(&is_posted, &lock);
      continue;
    }
    job->wanted--, job->helping++;
    pthread_mutex_unlock(&lock);
    host_restore_subnormals(job->subnormals);
    take_parts(job);
    pthread_mutex_lock(&lock);
    if (--job->helping == 0) pthread_cond_broadcast(&is_left);
  }
  return unused;
}

void in_parts(
    int threads, int64_t parts, void (*work)(const void *context, int64_t part),
    const void *context) {
  int wanted = (int)(parts < threads ? parts : threads) - 1;
  if (wanted > most_helpers) wanted = most_helpers;
  struct job job = {.work = work, .context = context, .parts = parts, .wanted = wanted};
  if (wanted <= 0) {
    take_parts(&job);
    return;
  }
  job.subnormals = host_flush_subnormals();
  host_restore_subnormals(job.subnormals);
  pthread_mutex_lock(&lock);
  job.after = jobs;
  jobs = &job;
  // Where no more threads are to be had, fewer do the work.
  for (pthread_t started; helpers < wanted; helpers++) {
    if (pthread_create(&started, NULL, help, NULL) != 0) break;
    pthread_detach(started);
  }
  pthread_cond_broadcast(&is_posted);
  pthread_mutex_unlock(&lock);
  take_parts(&job);
  pthread_mutex_lock(&lock);
  struct job **at = &jobs;
  while (*at != &job) at = &(*at)->after;
  *at = job.after;
  while (job.helping > 0) pthread_cond_wait(&is_left, &lock);
  pthread_mutex_unlock(&lock);
}
