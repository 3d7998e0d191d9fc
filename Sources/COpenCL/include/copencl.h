// OpenCL 1.2 through a table filled at run time, and the kernel sources of this build.
#pragma once

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <CL/cl_icd.h>
#include <stdbool.h>

#pragma clang assume_nonnull begin

#define COPENCL_FUNCTIONS(X)                                                                  \
  X(clGetPlatformIDs) X(clGetPlatformInfo) X(clGetDeviceIDs) X(clGetDeviceInfo)               \
  X(clCreateContext) X(clCreateCommandQueue) X(clReleaseCommandQueue)                         \
  X(clCreateBuffer) X(clReleaseMemObject) X(clEnqueueMapBuffer) X(clEnqueueUnmapMemObject)    \
  X(clCreateProgramWithSource) X(clCreateProgramWithBinary) X(clBuildProgram)                 \
  X(clGetProgramInfo) X(clGetProgramBuildInfo) X(clReleaseProgram)                            \
  X(clCreateKernel) X(clReleaseKernel) X(clSetKernelArg) X(clEnqueueNDRangeKernel)            \
  X(clEnqueueWriteBuffer) X(clEnqueueReadBuffer) X(clEnqueueCopyBuffer)                       \
  X(clEnqueueFillBuffer) X(clWaitForEvents) X(clReleaseEvent) X(clFlush) X(clFinish)

/// The entry points of the OpenCL library, each present.
struct copencl_api {
#define X(name) cl_api_##name _Nonnull name;
  COPENCL_FUNCTIONS(X)
#undef X
};

/// Opens libOpenCL. Null where it or an entry point is missing; `reason` then says why and lives
/// as long as the program. Not thread-safe: call it once. Sets OCL_ICD_VENDORS where a driver is known
/// that the loader would not find: see DRR_OPENCL_DRIVER in the README.
const struct copencl_api *_Nullable copencl_open(const char *_Nullable *_Nonnull reason);

/// A device by its place.
struct copencl_place {
  int platform, device;
};

enum copencl_trial_end {
  /// Every device built a kernel and ran it.
  copencl_trial_held,
  /// `call` returned `code`.
  copencl_trial_failed,
  /// Signal `code` ended it.
  copencl_trial_signal,
  /// It ended by itself, with `code`.
  copencl_trial_exit,
  /// It was at work longer than it had time.
  copencl_trial_late,
};

/// What became of a child process that used the drivers.
struct copencl_trial {
  enum copencl_trial_end end;
  int code;
  /// The device that was being tried; -1 before the first, as where a driver fails on load.
  int platform, device;
  /// Whether that device had done its work.
  bool is_between;
  char call[32];
  /// The beginning of what the drivers wrote to the child's standard streams.
  char words[4096];
};

/// Opens the drivers in a child process, builds a kernel on each device but those in `without` and
/// runs it. The child does nothing but this, so that it is safe beside other threads. False where
/// no process can be had.
bool copencl_try(
    const struct copencl_place *_Nullable without, size_t without_count, double seconds,
    struct copencl_trial *trial);

/// One file of kernels/, embedded at build time. Not zero-terminated.
struct copencl_source {
  const char *name;
  const unsigned char *bytes;
  size_t count;
};

size_t copencl_source_count(void);
struct copencl_source copencl_source_at(size_t index);

#pragma clang assume_nonnull end
