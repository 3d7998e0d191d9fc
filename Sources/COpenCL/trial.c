#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif

#include "copencl.h"

// What the child tells, in order; the last place that it came to is where a driver ended it.
struct record {
  enum { loading, device_begun, device_failed, device_done, finished } what;
  int platform, device;
  int code;
  char call[32];
};

static void tell(int pipe, struct record record) {
  if (write(pipe, &record, sizeof record) != (ssize_t)sizeof record) _exit(2);
}

// Builds a kernel and runs it. The call that failed, or null.
static const char *use(const struct copencl_api *api, cl_device_id device, cl_int *code) {
  const char *source =
      "kernel void one(global int *x) { x[get_global_id(0)] = (int)get_global_id(0) + 1; }";
  cl_int values[64] = {0};
  size_t items = 64;
  cl_context context = api->clCreateContext(NULL, 1, &device, NULL, NULL, code);
  if (*code) return "clCreateContext";
  cl_command_queue queue = api->clCreateCommandQueue(context, device, 0, code);
  if (*code) return "clCreateCommandQueue";
  cl_program program = api->clCreateProgramWithSource(context, 1, &source, NULL, code);
  if (*code) return "clCreateProgramWithSource";
  *code = api->clBuildProgram(program, 1, &device, "-cl-std=CL1.2 -w", NULL, NULL);
  if (*code) return "clBuildProgram";
  cl_kernel kernel = api->clCreateKernel(program, "one", code);
  if (*code) return "clCreateKernel";
  cl_mem memory = api->clCreateBuffer(context, CL_MEM_READ_WRITE, sizeof values, NULL, code);
  if (*code) return "clCreateBuffer";
  *code = api->clSetKernelArg(kernel, 0, sizeof memory, &memory);
  if (*code) return "clSetKernelArg";
  *code = api->clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &items, NULL, 0, NULL, NULL);
  if (*code) return "clEnqueueNDRangeKernel";
  *code = api->clEnqueueReadBuffer(
      queue, memory, CL_TRUE, 0, sizeof values, values, 0, NULL, NULL);
  if (*code) return "clEnqueueReadBuffer";
  for (int i = 0; i < 64; i++)
    if (values[i] != i + 1) return "its first kernel";
  return NULL;
}

static bool is_among(const struct copencl_place *places, size_t count, int platform, int device) {
  for (size_t i = 0; i < count; i++)
    if (places[i].platform == platform && places[i].device == device) return true;
  return false;
}

static _Noreturn void work(int pipe, const struct copencl_place *without, size_t without_count) {
  enum { most = 64 };
  tell(pipe, (struct record){.what = loading});
  const char *reason;
  const struct copencl_api *api = copencl_open(&reason);
  cl_platform_id platforms[most];
  cl_uint platform_count = 0;
  // What is merely absent is found and said by the process itself.
  if (api && api->clGetPlatformIDs(most, platforms, &platform_count) != CL_SUCCESS)
    platform_count = 0;
  for (int p = 0; p < (int)platform_count && p < most; p++) {
    cl_device_id devices[most];
    cl_uint count = 0;
    if (api->clGetDeviceIDs(platforms[p], CL_DEVICE_TYPE_ALL, most, devices, &count)) continue;
    for (int d = 0; d < (int)count && d < most; d++) {
      if (is_among(without, without_count, p, d)) continue;
      tell(pipe, (struct record){.what = device_begun, .platform = p, .device = d});
      cl_int code = 0;
      const char *call = use(api, devices[d], &code);
      struct record record = {
          .what = call ? device_failed : device_done, .platform = p, .device = d, .code = code};
      if (call) snprintf(record.call, sizeof record.call, "%s", call);
      tell(pipe, record);
    }
  }
  tell(pipe, (struct record){.what = finished});
  _exit(0);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

// Reads what is there, without end where `size` is 0. False at the end.
static bool take(int file, char *into, size_t *filled, size_t size) {
  char scratch[4096];
  size_t room = size - *filled;
  ssize_t count = room ? read(file, into + *filled, room) : read(file, scratch, sizeof scratch);
  if (count > 0 && room) *filled += (size_t)count;
  return count > 0 || (count < 0 && (errno == EINTR || errno == EAGAIN));
}

bool copencl_try(
    const struct copencl_place *without, size_t without_count, double seconds,
    struct copencl_trial *trial) {
  *trial = (struct copencl_trial){.platform = -1, .device = -1};
  int records[2], words[2];
  if (pipe2(records, O_CLOEXEC)) return false;
  if (pipe2(words, O_CLOEXEC)) {
    close(records[0]), close(records[1]);
    return false;
  }
  pid_t parent = getpid(), child = fork();
  if (child == 0) {
    // A group of its own, which its compilers end with.
    setpgid(0, 0);
#if defined(__linux__)
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(2);
#endif
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int number = 1; number < 32; number++) signal(number, SIG_DFL);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    int nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, 0), dup2(words[1], 1), dup2(words[1], 2);
    // A kernel that was kept from before would prove nothing.
    setenv("POCL_KERNEL_CACHE", "0", 1);
    setenv("CUDA_CACHE_DISABLE", "1", 1);
    work(records[1], without, without_count);
  }
  close(records[1]), close(words[1]);
  if (child < 0) {
    close(records[0]), close(words[0]);
    return false;
  }

  struct record record, last = {.what = loading};
  size_t filled = 0, said = 0;
  bool open = true, open_words = true;
  double deadline = now() + seconds;
  while (open && now() < deadline) {
    struct pollfd files[2] = {
        {.fd = records[0], .events = POLLIN}, {.fd = open_words ? words[0] : -1, .events = POLLIN}};
    if (poll(files, 2, 50) <= 0) continue;
    if (files[1].revents) open_words = take(words[0], trial->words, &said, sizeof trial->words - 1);
    if (!files[0].revents) continue;
    open = take(records[0], (char *)&record, &filled, sizeof record);
    if (filled < sizeof record) continue;
    filled = 0;
    last = record;
    if (record.what == device_failed || record.what == finished) break;
  }
  bool is_late = open && last.what != finished && last.what != device_failed;
  int status = 0;
  kill(-child, SIGKILL);
  if (is_late || last.what == finished || last.what == device_failed) kill(child, SIGKILL);
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  while (open_words && poll(&(struct pollfd){.fd = words[0], .events = POLLIN}, 1, 0) > 0)
    open_words = take(words[0], trial->words, &said, sizeof trial->words - 1);
  close(records[0]), close(words[0]);

  if (last.what == finished) {
    trial->end = copencl_trial_held;
    return true;
  }
  if (last.what != loading) trial->platform = last.platform, trial->device = last.device;
  // Between two devices, the first of them has done its work.
  trial->is_between = last.what == device_done;
  trial->end = last.what == device_failed ? copencl_trial_failed
      : is_late                            ? copencl_trial_late
      : WIFSIGNALED(status)                ? copencl_trial_signal
                                           : copencl_trial_exit;
  trial->code = last.what == device_failed ? last.code
      : WIFSIGNALED(status)                ? WTERMSIG(status)
                                           : WEXITSTATUS(status);
  snprintf(trial->call, sizeof trial->call, "%s", last.what == device_failed ? last.call : "");
  return true;
}
