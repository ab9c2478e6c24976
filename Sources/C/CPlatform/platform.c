// SPDX-License-Identifier: Apache-2.0

#include "CPlatform.h"

#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

int gyre_clone_file(int source, int destination) {
    return ioctl(destination, FICLONE, source) == 0 ? 0 : errno;
}

int gyre_end_with_parent(int signal) {
    return prctl(PR_SET_PDEATHSIG, signal) == 0 ? 0 : errno;
}
