// What the C library and the compiler can do with memory and Swift does not offer.
#pragma once
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/// Starts to load the cache line at `address`; reads nothing, so any address will do.
static inline void cmemory_prefetch(const void *address) { __builtin_prefetch(address); }

/// Zeroed pages straight from the system, at a multiple of 2 MiB; NULL when there are none. Memory that lives as long as a table
/// and is that large does not belong among short-lived allocations, where it tears holes that stay.
static inline void *cmemory_map(size_t length, int wants_huge_pages) {
    const size_t alignment = (size_t)2 << 20;
    char *start = (char *)mmap(NULL, length + alignment, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if ((void *)start == MAP_FAILED) return NULL;
    char *aligned = (char *)(((uintptr_t)start + alignment - 1) & ~(uintptr_t)(alignment - 1));
    if (aligned > start) (void)munmap(start, (size_t)(aligned - start));
    const size_t behind = (size_t)(start + alignment - aligned);
    if (behind > 0) (void)munmap(aligned + length, behind);
#ifdef MADV_HUGEPAGE
    if (wants_huge_pages) (void)madvise(aligned, length, MADV_HUGEPAGE);
#else
    (void)wants_huge_pages;
#endif
    return aligned;
}

static inline void cmemory_unmap(void *start, size_t length) { (void)munmap(start, length); }

/// Which of eight numbers have these upper 32 bits: bit i for number i. `numbers` is aligned to 16 bytes.
static inline uint32_t cmemory_match_upper_halves(const uint64_t *numbers, uint32_t half) {
#ifdef __SSE2__
    const __m128 *pairs = (const __m128 *)numbers;
    const __m128i wanted = _mm_set1_epi32((int)half);
    // Of two pairs of numbers the four upper halves.
    const __m128i low = _mm_castps_si128(_mm_shuffle_ps(pairs[0], pairs[1], _MM_SHUFFLE(3, 1, 3, 1)));
    const __m128i high = _mm_castps_si128(_mm_shuffle_ps(pairs[2], pairs[3], _MM_SHUFFLE(3, 1, 3, 1)));
    const int first = _mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(low, wanted)));
    const int second = _mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(high, wanted)));
    return (uint32_t)(first | second << 4);
#else
    uint32_t found = 0;
    for (int i = 0; i < 8; i++) found |= (uint32_t)((uint32_t)(numbers[i] >> 32) == half) << i;
    return found;
#endif
}
