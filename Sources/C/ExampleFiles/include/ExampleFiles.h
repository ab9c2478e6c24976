// SPDX-License-Identifier: Apache-2.0
// The example projects of `Examples/`, carried inside the binary byte for byte.

#ifndef GYRE_EXAMPLE_FILES_H
#define GYRE_EXAMPLE_FILES_H

#include <stddef.h>

/// One file of an example.
typedef struct {
    /// Name of the example, such as `breast-cancer`.
    const char *example;
    /// Where the file lies inside the example, `/`-separated.
    const char *path;
    /// The content; not terminated by a zero.
    const unsigned char *bytes;
    /// How many bytes there are.
    size_t length;
} GyreExampleFile;

/// How many files all examples have together.
size_t gyre_example_file_count(void);

/// The file at `index`, which is below `gyre_example_file_count()`; files of one example follow each other.
GyreExampleFile gyre_example_file(size_t index);

#endif
