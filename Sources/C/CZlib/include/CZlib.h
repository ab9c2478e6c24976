// SPDX-License-Identifier: Apache-2.0
// A gzip stream over zlib, whose macros Swift cannot call.

#ifndef GYRE_CZLIB_H
#define GYRE_CZLIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A stream that compresses.
typedef struct gyre_gzip gyre_gzip;

/// Begins a stream; NULL without memory. The header carries no time and no name, so equal input gives equal output.
gyre_gzip *gyre_gzip_begin(int level);

/// Begins a stream without header and end, as archives hold it; NULL without memory.
gyre_gzip *gyre_deflate_begin(int level);

/// The CRC-32 of what `crc` stands for with these bytes behind it; 0 stands for nothing.
uint32_t gyre_crc32(uint32_t crc, const void *bytes, size_t count);

/// Takes `*input_count` bytes and fills up to `*output_count` of `output`; both come back as what was used and what was
/// written. With `ends` it also ends the stream. Returns 1 if there is more to fetch, 0 if all is out, -1 on failure.
int gyre_gzip_step(gyre_gzip *stream, const void *input, size_t *input_count, void *output, size_t *output_count, bool ends);

/// Frees a stream.
void gyre_gzip_free(gyre_gzip *stream);

#endif
