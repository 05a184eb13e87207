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

#ifdef __linux__
/// struct epoll_event as the kernel lays it out.
typedef struct {
    uint32_t events;
    uint64_t token;
}
#ifdef __x86_64__
__attribute__((packed))
#endif
ckernel_event;

enum {
    // O_CLOEXEC and O_NONBLOCK of x86, ARM and RISC-V.
    CKERNEL_CLOSE_ON_EXEC = 02000000,
    CKERNEL_NONBLOCKING = 04000,
    CKERNEL_READABLE = 0x001,
    CKERNEL_WRITABLE = 0x004,
    CKERNEL_FAILED = 0x008,
    CKERNEL_HUNG_UP = 0x010,
    CKERNEL_PEER_FINISHED = 0x2000,
};
#endif

/// A set of descriptors to wait for (epoll). Returns a descriptor, or -1 with errno set.
static inline int ckernel_events(void) {
#ifdef __linux__
    return (int)syscall(SYS_epoll_create1, CKERNEL_CLOSE_ON_EXEC);
#else
    return -1;
#endif
}

/// Adds a descriptor to the set: each change of what is possible with it is told once, together with the token.
static inline int ckernel_events_add(int set, int descriptor, uint64_t token) {
#ifdef __linux__
    ckernel_event event = {1u << 31 | CKERNEL_READABLE | CKERNEL_WRITABLE | CKERNEL_PEER_FINISHED, token};
    return (int)syscall(SYS_epoll_ctl, set, 1, descriptor, &event);
#else
    return -1;
#endif
}

/// Waits for changes; milliseconds of -1 are for ever. Returns how many there are, or -1 with errno set.
static inline int ckernel_events_wait(int set, ckernel_event *events, int count, int milliseconds) {
#ifdef __linux__
    return (int)syscall(SYS_epoll_pwait, set, events, count, milliseconds, (void *)0, 8);
#else
    return -1;
#endif
}

/// A descriptor that becomes readable for good when 8 bytes, a number other than 0, are written to it (eventfd).
static inline int ckernel_flag(void) {
#ifdef __linux__
    return (int)syscall(SYS_eventfd2, 0, CKERNEL_CLOSE_ON_EXEC | CKERNEL_NONBLOCKING);
#else
    return -1;
#endif
}

/// accept(2) of a descriptor that neither blocks nor survives exec.
static inline int ckernel_accept(int descriptor, void *address, uint32_t *length) {
#ifdef __linux__
    return (int)syscall(SYS_accept4, descriptor, address, length, CKERNEL_CLOSE_ON_EXEC | CKERNEL_NONBLOCKING);
#else
    return -1;
#endif
}
