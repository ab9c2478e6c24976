// SPDX-License-Identifier: Apache-2.0
// What Swift cannot call by itself: macros and ioctls of this platform.

#ifndef GYRE_CPLATFORM_H
#define GYRE_CPLATFORM_H

/// Makes `destination` share the blocks of `source` (copy on write). Returns 0, or an errno value.
int gyre_clone_file(int source, int destination);

/// Asks the system to end this process with `signal` when its parent ends. Returns 0, or an errno value.
int gyre_end_with_parent(int signal);

#endif
