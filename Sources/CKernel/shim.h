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

#ifdef __linux__
/// struct sock_filter: an instruction of the kernel's packet filter.
typedef struct {
    uint16_t code;
    uint8_t if_true, if_false;
    uint32_t operand;
} ckernel_filter_instruction;
#endif

/// A socket that gets packets of all interfaces once it is bound, from their network layer on. Returns a descriptor, or -1 with
/// errno set.
static inline int ckernel_packet_socket(void) {
#ifdef __linux__
    // AF_PACKET, SOCK_DGRAM.
    return (int)syscall(SYS_socket, 17, 2 | CKERNEL_CLOSE_ON_EXEC | CKERNEL_NONBLOCKING, 0);
#else
    return -1;
#endif
}

/// Lets only those packets through that the filter accepts.
static inline int ckernel_packet_filter(int descriptor, const ckernel_filter_instruction *instructions, uint16_t count) {
#ifdef __linux__
    struct {
        uint16_t count;
        const ckernel_filter_instruction *instructions;
    } program = {count, instructions};
    // SOL_SOCKET, SO_ATTACH_FILTER.
    return (int)syscall(SYS_setsockopt, descriptor, 1, 26, &program, sizeof program);
#else
    return -1;
#endif
}

/// Gives the socket a ring of blocks to put packets in (TPACKET_V3), for mmap. A block is handed over when it is full, or so many
/// milliseconds after its first packet.
static inline int ckernel_packet_ring(int descriptor, uint32_t block_size, uint32_t blocks, uint32_t milliseconds) {
#ifdef __linux__
    int version = 2;
    struct {
        uint32_t block_size, blocks, frame_size, frames, milliseconds, private_size, features;
    } request = {block_size, blocks, 2048, block_size / 2048 * blocks, milliseconds, 0, 0};
    // SOL_PACKET with PACKET_VERSION, then PACKET_RX_RING.
    if (syscall(SYS_setsockopt, descriptor, 263, 10, &version, sizeof version)) return -1;
    return (int)syscall(SYS_setsockopt, descriptor, 263, 5, &request, sizeof request);
#else
    return -1;
#endif
}

/// Begins to receive packets of every protocol, of the interface with this index, of all for 0.
static inline int ckernel_packet_bind(int descriptor, int interface) {
#ifdef __linux__
    struct {
        uint16_t family;
        uint8_t protocol[2];
        int32_t interface;
        uint8_t unused[12];
    } address = {17, {0, 3}, interface, {0}};
    return (int)syscall(SYS_bind, descriptor, &address, sizeof address);
#else
    return -1;
#endif
}

/// How many packets were dropped because the ring was full, since the last call. Returns 0, or -1 with errno set.
static inline int ckernel_packet_drops(int descriptor, uint32_t *drops) {
#ifdef __linux__
    uint32_t counts[3] = {0}, length = sizeof counts;
    // SOL_PACKET, PACKET_STATISTICS.
    if (syscall(SYS_getsockopt, descriptor, 263, 6, counts, &length)) return -1;
    *drops = counts[1];
    return 0;
#else
    return -1;
#endif
}

/// Whether a block of the ring is ours, with all that the kernel wrote to it before it was.
static inline int ckernel_block_is_ours(const void *block) {
    return __atomic_load_n((const uint32_t *)block + 2, __ATOMIC_ACQUIRE) & 1;
}

/// Gives a block back to the kernel, after all of our reads of it.
static inline void ckernel_block_return(void *block) {
    __atomic_store_n((uint32_t *)block + 2, 0, __ATOMIC_RELEASE);
}
