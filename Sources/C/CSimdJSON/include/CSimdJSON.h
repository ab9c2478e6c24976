// SPDX-License-Identifier: Apache-2.0
// A C face for simdjson's document parser. No C++ exception crosses it.

#ifndef GYRE_CSIMDJSON_H
#define GYRE_CSIMDJSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A parsed document; it owns all that its values point to.
typedef struct gyre_json_document gyre_json_document;

/// A value inside a document, or a place between values; two machine words that mean something to simdjson.
typedef struct {
    const void *document;
    size_t index;
} gyre_json_place;

/// Parses `length` bytes; they are copied. Returns NULL and a sentence in `*problem` if they are no JSON.
gyre_json_document *gyre_json_parse(const void *bytes, size_t length, size_t depth, const char **problem);

/// Frees a document.
void gyre_json_free(gyre_json_document *document);

/// The outermost value.
gyre_json_place gyre_json_root(const gyre_json_document *document);

/// What a value is: `[ { " l u d t n`; `l` is a signed and `u` an unsigned integer that needs 64 bits, `d` a double,
/// `t` a bool.
char gyre_json_type(gyre_json_place value);

/// A string's bytes, valid as long as the document.
bool gyre_json_string(gyre_json_place value, const char **bytes, size_t *length);
bool gyre_json_int64(gyre_json_place value, int64_t *result);
bool gyre_json_uint64(gyre_json_place value, uint64_t *result);
bool gyre_json_double(gyre_json_place value, double *result);
bool gyre_json_bool(gyre_json_place value, bool *result);

/// The number of items or members; 0 for a value that is neither list nor object.
size_t gyre_json_count(gyre_json_place value);

/// The value of the first member with this key.
bool gyre_json_member(gyre_json_place object, const char *key, size_t length, gyre_json_place *result);

/// Where a list or object begins and ends. Returns false for other values.
bool gyre_json_bounds(gyre_json_place value, gyre_json_place *begin, gyre_json_place *end);

/// The item at a place in a list, and the next place.
gyre_json_place gyre_json_item(gyre_json_place *place);

/// The member at a place in an object, and the next place.
gyre_json_place gyre_json_entry(gyre_json_place *place, const char **key, size_t *length);

#ifdef __cplusplus
}
#endif

#endif
