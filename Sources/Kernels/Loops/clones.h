#pragma once
// One body a vector level, chosen at load time. An ifunc resolver runs before a sanitizer's own
// start, so that there are no clones under one.
#if defined(__x86_64__) && defined(__ELF__) && !__has_feature(thread_sanitizer) \
    && !__has_feature(address_sanitizer) && !__has_feature(memory_sanitizer)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif
// Arrays are the same or apart, never shifted against each other.
#define EACH _Pragma("clang loop vectorize(assume_safety)") for (int64_t i = 0; i < n; i++)

typedef float lanes __attribute__((ext_vector_type(16)));
