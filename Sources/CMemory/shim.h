// What the C library and the compiler can do with memory and Swift does not offer.
#pragma once
#include <string.h>
#include <sys/mman.h>

/// Starts to load the cache line at `address`; reads nothing, so any address will do.
static inline void cmemory_prefetch(const void *address) { __builtin_prefetch(address); }

/// Asks for huge pages where the system has them; what it does not know it ignores.
static inline void cmemory_advise_huge_pages(void *address, size_t length) {
#ifdef MADV_HUGEPAGE
    (void)madvise(address, length, MADV_HUGEPAGE);
#else
    (void)address;
    (void)length;
#endif
}
