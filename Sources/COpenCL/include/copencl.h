// OpenCL 1.2 through a table filled at run time, and the kernel sources of this build.
#pragma once

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <CL/cl_icd.h>

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

/// One file of kernels/, embedded at build time. Not zero-terminated.
struct copencl_source {
  const char *name;
  const unsigned char *bytes;
  size_t count;
};

size_t copencl_source_count(void);
struct copencl_source copencl_source_at(size_t index);

#pragma clang assume_nonnull end
