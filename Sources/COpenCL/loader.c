#include <dlfcn.h>
#include <stdio.h>

#include "copencl.h"

static struct copencl_api api;
static char problem[512];

const struct copencl_api *copencl_open(const char **reason) {
  *reason = problem;
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
