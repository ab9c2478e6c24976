// SPDX-License-Identifier: Apache-2.0

// An empty table of contents in place of ICU's locale data.
//
// Swift's Foundation links ICU, and ICU links 34 MB of names of months, currencies and collations in all languages. Gyre
// speaks one language, writes ISO 8601 and compares bytes, so none of it is ever read. The linker takes this definition
// before it looks into Foundation's archive, and the data stays out. A call that wants a locale's data gets "not found".
//
// Layout: UDataInfo (unicode/udata.h), data format "ToCP" 1.0, no entries. The name carries ICU's major version: after an
// update of Swift that brings another ICU this file has no effect, and scripts/build-release says so.

#include "NoLocales.h"

#include <stdint.h>

struct icu_contents {
    uint16_t header_size;
    uint8_t magic[2];
    uint16_t info_size;
    uint16_t reserved_word;
    uint8_t is_big_endian;
    uint8_t charset_family;
    uint8_t sizeof_uchar;
    uint8_t reserved_byte;
    uint8_t data_format[4];
    uint8_t format_version[4];
    uint8_t data_version[4];
    uint8_t padding[8];
    uint32_t count;
    uint32_t reserved;
    uint64_t first_entry;
};

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the header below is little-endian");

const struct icu_contents icudt76_dat __attribute__((aligned(16))) = {
    .header_size = 32,
    .magic = {0xda, 0x27},
    .info_size = 20,
    .sizeof_uchar = 2,
    .data_format = {'T', 'o', 'C', 'P'},
    .format_version = {1},
};
