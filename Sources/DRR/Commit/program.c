#include "program.h"

extern const char *_Nonnull builtCommit(void) __attribute__((weak));

const char *programCommit(void) { return builtCommit ? builtCommit() : ""; }
