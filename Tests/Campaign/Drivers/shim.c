// A libOpenCL that passes calls on to the real one but for those that it is told to fail.
//
//   DRR_FAULT_REAL   the real library
//   DRR_FAULT_CALL   the function that fails
//   DRR_FAULT_AT     its first call that does, from 1; later ones do too
//   DRR_FAULT_KIND   a code that is returned, or abort, exit, hang
//   DRR_FAULT_CHILD  1: in the process that tries the drivers; otherwise in all others
//
// All arguments are whole numbers and pointers, so that one form of call serves every function.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef long word;
typedef word function(word, word, word, word, word, word, word, word, word, word);

static void *library;

__attribute__((constructor)) static void open_real(void) {
  const char *path = getenv("DRR_FAULT_REAL");
  library = dlopen(path ? path : "libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) abort();
}

// Whether this call is to fail, and with what code.
static int fails(const char *name, atomic_int *count, int *code) {
  const char *call = getenv("DRR_FAULT_CALL"), *kind = getenv("DRR_FAULT_KIND");
  const char *at = getenv("DRR_FAULT_AT"), *child = getenv("DRR_FAULT_CHILD");
  if (!call || !kind || strcmp(call, name) != 0) return 0;
  // Set in the process that tries drivers, and in no other.
  const char *own = getenv("POCL_KERNEL_CACHE");
  int is_child = own && strcmp(own, "0") == 0;
  if (is_child != (child && strcmp(child, "1") == 0)) return 0;
  if (atomic_fetch_add(count, 1) + 1 < (at ? atoi(at) : 1)) return 0;
  if (strcmp(kind, "abort") == 0) abort();
  if (strcmp(kind, "exit") == 0) _exit(3);
  while (strcmp(kind, "hang") == 0) sleep(1);
  *code = atoi(kind);
  return 1;
}

// `place` is that of the argument for the error code; 0 where the code is returned.
#define X(name, place)                                                                       \
  word name(                                                                                 \
      word a, word b, word c, word d, word e, word f, word g, word h, word i, word j) {      \
    static atomic_int count;                                                                 \
    int code;                                                                                \
    if (fails(#name, &count, &code)) {                                                       \
      word all[] = {0, a, b, c, d, e, f, g, h, i, j};                                        \
      if (place && all[place]) *(int *)all[place] = code;                                    \
      return place ? 0 : code;                                                               \
    }                                                                                        \
    return ((function *)dlsym(library, #name))(a, b, c, d, e, f, g, h, i, j);                \
  }
X(clGetPlatformIDs, 0)
X(clGetPlatformInfo, 0)
X(clGetDeviceIDs, 0)
X(clGetDeviceInfo, 0)
X(clCreateContext, 6)
X(clCreateCommandQueue, 4)
X(clReleaseCommandQueue, 0)
X(clCreateBuffer, 5)
X(clReleaseMemObject, 0)
X(clEnqueueMapBuffer, 10)
X(clEnqueueUnmapMemObject, 0)
X(clCreateProgramWithSource, 5)
X(clCreateProgramWithBinary, 7)
X(clBuildProgram, 0)
X(clGetProgramInfo, 0)
X(clGetProgramBuildInfo, 0)
X(clReleaseProgram, 0)
X(clCreateKernel, 3)
X(clReleaseKernel, 0)
X(clSetKernelArg, 0)
X(clEnqueueNDRangeKernel, 0)
X(clEnqueueWriteBuffer, 0)
X(clEnqueueReadBuffer, 0)
X(clEnqueueCopyBuffer, 0)
X(clEnqueueFillBuffer, 0)
X(clWaitForEvents, 0)
X(clReleaseEvent, 0)
X(clFlush, 0)
X(clFinish, 0)
