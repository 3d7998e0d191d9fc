#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "copencl.h"

static struct copencl_api api;
static char problem[512];

static bool opens(const char *library) {
  void *handle = dlopen(library, RTLD_LAZY | RTLD_LOCAL);
  if (handle) dlclose(handle);
  return handle;
}

// Whether the folder where drivers are registered names one.
static bool has_registered_driver(void) {
  DIR *folder = opendir("/etc/OpenCL/vendors");
  if (!folder) return false;
  bool found = false;
  for (struct dirent *entry; !found && (entry = readdir(folder));) {
    size_t length = strlen(entry->d_name);
    found = length > 4 && strcmp(entry->d_name + length - 4, ".icd") == 0;
  }
  closedir(folder);
  return found;
}

// Tells the loader where a driver is that is not registered, as in a container which was only given
// the vendor's libraries: the one in DRR_OPENCL_DRIVER, else, where none is registered, a known one
// that opens. OCL_ICD_VENDORS is read by ocl-icd, OCL_ICD_FILENAMES by the Khronos loader.
static void point_to_driver(void) {
  static const char *const known[] = {
      "libnvidia-opencl.so.1", "/usr/local/nvidia/lib64/libnvidia-opencl.so.1",
      "/usr/lib/wsl/lib/libnvidia-opencl.so.1", "libamdocl64.so",
      "/opt/rocm/lib/libamdocl64.so", "libigdrcl.so",
      "/usr/lib/x86_64-linux-gnu/intel-opencl/libigdrcl.so"};
  if (getenv("OCL_ICD_VENDORS") || getenv("OCL_ICD_FILENAMES")) return;
  const char *driver = getenv("DRR_OPENCL_DRIVER");
  // By the name of a library or from the root: never from the folder at work.
  if (driver && strchr(driver, '/') && driver[0] != '/') driver = NULL;
  if (!driver && has_registered_driver()) return;
  for (size_t i = 0; !driver && i < sizeof known / sizeof *known; i++)
    if (opens(known[i])) driver = known[i];
  if (!driver) return;
  setenv("OCL_ICD_VENDORS", driver, 1);
  setenv("OCL_ICD_FILENAMES", driver, 1);
}

const struct copencl_api *copencl_open(const char **reason) {
  *reason = problem;
  point_to_driver();
  void *library = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *first = dlerror();
    snprintf(problem, sizeof problem, "%s", first ? first : "libOpenCL.so.1 does not open");
    library = dlopen("libOpenCL.so", RTLD_NOW | RTLD_LOCAL);
  }
  if (!library) return NULL;
#define X(name)                                                                    \
  *(void **)&api.name = dlsym(library, #name);                                     \
  if (!api.name) {                                                                 \
    const char *why = dlerror();                                                   \
    snprintf(problem, sizeof problem, "%s", why ? why : #name " is missing");      \
    dlclose(library);                                                              \
    return NULL;                                                                   \
  }
  COPENCL_FUNCTIONS(X)
#undef X
  return &api;
}
