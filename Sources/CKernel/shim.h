// System calls that Swift cannot import, most of them for their variable arguments.
#pragma once
#ifdef __linux__
#include <sys/prctl.h>
#endif

/// Makes orphans among this process's descendants its own children, so that it can wait for them and count their time.
static inline int ckernel_adopt_orphans(void) {
#ifdef __linux__
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
#else
    return -1;
#endif
}
