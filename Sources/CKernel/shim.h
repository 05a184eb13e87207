// System calls that Swift cannot import, most of them for their variable arguments.
//
// Headers that define structures stay out: Swift would take these for this module's instead of the C library's.
#pragma once
#include <stdint.h>
#ifdef __linux__
#include <linux/if_tun.h>
#include <linux/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

long syscall(long number, ...);
#endif

/// Makes orphans among this process's descendants its own children, so that it can wait for them and count their time.
static inline int ckernel_adopt_orphans(void) {
#ifdef __linux__
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
#else
    return -1;
#endif
}

/// Turns an open /dev/net/tun into a TAP device, whose Ethernet frames it then reads and writes.
/// Returns 0, or -1 with errno set.
static inline int ckernel_make_tap(int descriptor, const char *name) {
#ifdef __linux__
    // As long as struct ifreq, and begins like it.
    struct {
        char name[16];
        short flags;
        char rest[22];
    } request = {{0}, IFF_TAP | IFF_NO_PI, {0}};
    for (int index = 0; index < 15 && name[index]; index++) request.name[index] = name[index];
    return (int)syscall(SYS_ioctl, descriptor, TUNSETIFF, &request);
#else
    return -1;
#endif
}

/// poll(2) that counts its longest wait in nanoseconds, less than a second of them.
static inline int ckernel_poll(void *descriptors, unsigned int count, uint64_t nanoseconds) {
#ifdef __linux__
    long wait[2] = {0, (long)nanoseconds};
    return (int)syscall(SYS_ppoll, descriptors, count, wait, (void *)0, 0);
#else
    return -1;
#endif
}

/// A file in memory that is `size` bytes long and cannot grow: what a full disk is to whoever writes.
/// Returns a descriptor, or -1 with errno set.
static inline int ckernel_full_file(long size) {
#ifdef __linux__
    // MFD_ALLOW_SEALING, then F_ADD_SEALS with F_SEAL_GROW.
    int descriptor = (int)syscall(SYS_memfd_create, "full", 2);
    if (descriptor < 0 || syscall(SYS_ftruncate, descriptor, size) || syscall(SYS_fcntl, descriptor, 1033, 4)) return -1;
    return descriptor;
#else
    return -1;
#endif
}
