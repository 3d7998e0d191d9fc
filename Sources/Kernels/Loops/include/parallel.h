#pragma once
#include <stdint.h>

// work(context, part) once for each part 0 ..< parts, on as many as `threads` threads, the caller
// among them. Any thread takes any part: what a part does must not depend on who does it, and where
// the parts begin must not depend on `threads`, or bits would. A part may have parts of its own.
// Subnormal numbers are to all of them what they are to the caller.
void in_parts(
    int threads, int64_t parts, void (*work)(const void *context, int64_t part),
    const void *context);
