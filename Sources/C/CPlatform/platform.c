// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE

#include "CPlatform.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

int gyre_clone_file(int source, int destination) {
    return ioctl(destination, FICLONE, source) == 0 ? 0 : errno;
}

int gyre_sync_file_system(int descriptor) {
    return syncfs(descriptor) == 0 ? 0 : errno;
}

int gyre_set_direct(int descriptor, int is_direct) {
    int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0) return errno;
    return fcntl(descriptor, F_SETFL, is_direct ? flags | O_DIRECT : flags & ~O_DIRECT) == 0 ? 0 : errno;
}

int gyre_end_with_parent(int signal) {
    return prctl(PR_SET_PDEATHSIG, signal) == 0 ? 0 : errno;
}

int gyre_open_unnamed(const char *folder, unsigned mode) {
    // Without it, only a privileged process could name the file later.
    if (access("/proc/self/fd", X_OK) != 0) return -EOPNOTSUPP;
    // A folder that is removed at this moment is no missing right, though ext4 calls it that: asked again, it is gone.
    for (int attempt = 0; attempt < 3; attempt++) {
        int descriptor = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
        if (descriptor >= 0) return descriptor;
        if (errno != EPERM) break;
    }
    // Kernels and file systems that do not know the flag see an attempt to open a folder for writing.
    return errno == EISDIR || errno == EINVAL ? -EOPNOTSUPP : -errno;
}

int gyre_name_file(int descriptor, const char *path) {
    char own[32];
    snprintf(own, sizeof own, "/proc/self/fd/%d", descriptor);
    return linkat(AT_FDCWD, own, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

void gyre_bound_freed_memory(int large, int kept, int arenas) {
    mallopt(M_MMAP_THRESHOLD, large);
    mallopt(M_TRIM_THRESHOLD, kept);
    mallopt(M_ARENA_MAX, arenas);
}
