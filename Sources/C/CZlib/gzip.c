// SPDX-License-Identifier: Apache-2.0

#include "CZlib.h"

#include <stdlib.h>
#include <zlib.h>

struct gyre_gzip {
    z_stream stream;
    gz_header header;
};

static gyre_gzip *begin(int level, int window) {
    gyre_gzip *gzip = calloc(1, sizeof *gzip);
    if (gzip == NULL) { return NULL; }
    if (deflateInit2(&gzip->stream, level, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(gzip);
        return NULL;
    }
    return gzip;
}

gyre_gzip *gyre_gzip_begin(int level) {
    // 15 bits of window, and 16 more for a gzip header instead of zlib's.
    gyre_gzip *gzip = begin(level, 15 + 16);
    if (gzip == NULL) { return NULL; }
    gzip->header.os = 255;
    deflateSetHeader(&gzip->stream, &gzip->header);
    return gzip;
}

// A negative window stands for no header at all.
gyre_gzip *gyre_deflate_begin(int level) { return begin(level, -15); }

uint32_t gyre_crc32(uint32_t crc, const void *bytes, size_t count) { return (uint32_t)crc32_z(crc, bytes, count); }

int gyre_gzip_step(gyre_gzip *gzip, const void *input, size_t *input_count, void *output, size_t *output_count, bool ends) {
    gzip->stream.next_in = (Bytef *)input;
    gzip->stream.avail_in = (uInt)*input_count;
    gzip->stream.next_out = output;
    gzip->stream.avail_out = (uInt)*output_count;
    int status = deflate(&gzip->stream, ends ? Z_FINISH : Z_NO_FLUSH);
    *input_count -= gzip->stream.avail_in;
    *output_count -= gzip->stream.avail_out;
    if (status == Z_STREAM_END) { return 0; }
    if (status != Z_OK && status != Z_BUF_ERROR) { return -1; }
    return ends || gzip->stream.avail_in > 0 || gzip->stream.avail_out == 0 ? 1 : 0;
}

void gyre_gzip_free(gyre_gzip *gzip) {
    deflateEnd(&gzip->stream);
    free(gzip);
}
