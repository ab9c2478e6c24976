// SPDX-License-Identifier: Apache-2.0
// What Swift cannot call by itself: macros and ioctls of this platform.

#ifndef GYRE_CPLATFORM_H
#define GYRE_CPLATFORM_H

/// Makes `destination` share the blocks of `source` (copy on write). Returns 0, or an errno value.
int gyre_clone_file(int source, int destination);

/// Makes all that was written to the file system of an open file survive a crash of the machine. Returns 0, or an errno value.
int gyre_sync_file_system(int descriptor);

/// Whether what is written to a file goes past the system's memory for files; it must be aligned then. Returns 0, or an errno value.
int gyre_set_direct(int descriptor, int is_direct);

/// Asks the system to end this process with `signal` when its parent ends. Returns 0, or an errno value.
int gyre_end_with_parent(int signal);

/// Opens a file for writing that has no name in `folder` yet and is gone if it never gets one. Returns a descriptor, or a
/// negative errno value; -EOPNOTSUPP where the file system or the missing `/proc` cannot do that.
int gyre_open_unnamed(const char *folder, unsigned mode);

/// Gives a file of `gyre_open_unnamed` its name. Returns 0, or an errno value; EEXIST if the name is taken.
int gyre_name_file(int descriptor, const char *path);

/// Has the C library give pieces of memory of `large` bytes and more back to the system when they are freed, keep at most
/// `kept` free bytes besides, and divide its memory among at most `arenas` threads.
void gyre_bound_freed_memory(int large, int kept, int arenas);

#endif
