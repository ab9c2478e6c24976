// SPDX-License-Identifier: Apache-2.0
// The web page's files in `assets/`, carried inside the binary byte for byte.

#ifndef GYRE_WEB_ASSETS_H
#define GYRE_WEB_ASSETS_H

#include <stddef.h>

/// One file.
typedef struct {
    /// Its name.
    const char *path;
    /// The content; not terminated by a zero.
    const unsigned char *bytes;
    /// How many bytes there are.
    size_t length;
} GyreWebAsset;

/// How many files there are.
size_t gyre_web_asset_count(void);

/// The file at `index`, which is below `gyre_web_asset_count()`.
GyreWebAsset gyre_web_asset(size_t index);

#endif
