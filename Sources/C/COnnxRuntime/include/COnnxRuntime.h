// SPDX-License-Identifier: Apache-2.0
// ONNX Runtime, opened at run time: the few calls that serving needs, in terms of tensors.
//
// Functions that can fail return a message that the caller frees with `free`, or NULL if all went well.

#ifndef GYRE_CONNXRUNTIME_H
#define GYRE_CONNXRUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The opened library.
typedef struct gyre_ort gyre_ort;
/// A loaded model; running it from several threads is safe.
typedef struct gyre_ort_session gyre_ort_session;
/// A tensor, a sequence or a map that the library owns.
typedef struct gyre_ort_value gyre_ort_value;

/// A tensor that the caller owns. `type` is the library's element type.
typedef struct {
    const char *name;
    int32_t type;
    const int64_t *shape;
    size_t rank;
    /// Numbers: the elements. Texts (type 8): NULL.
    const void *data;
    size_t byte_count;
    /// Texts: one NUL-terminated text an element.
    const char *const *texts;
    size_t text_count;
} gyre_ort_input;

char *gyre_ort_open(const char *path, gyre_ort **result);
const char *gyre_ort_version(const gyre_ort *runtime);

char *gyre_ort_load(gyre_ort *runtime, const char *model, int32_t threads, gyre_ort_session **result);
void gyre_ort_unload(gyre_ort_session *session);

size_t gyre_ort_port_count(const gyre_ort_session *session, bool is_input);
/// Name, kind and element type of an input or output. Kinds: 1 tensor, 2 sequence of tensors, 3 map or sequence of maps; type 0
/// for others. The shape, for a map that of its values, has -1 where any size is taken.
const char *gyre_ort_port_name(const gyre_ort_session *session, bool is_input, size_t index);
int32_t gyre_ort_port_kind(const gyre_ort_session *session, bool is_input, size_t index);
int32_t gyre_ort_port_type(const gyre_ort_session *session, bool is_input, size_t index);
size_t gyre_ort_port_shape(const gyre_ort_session *session, bool is_input, size_t index, const int64_t **shape);

char *gyre_ort_run(gyre_ort_session *session, const gyre_ort_input *inputs, size_t input_count,
                   const char *const *outputs, size_t output_count, gyre_ort_value **results);

/// What a result is: 1 tensor, 2 sequence, 3 map.
char *gyre_ort_kind(gyre_ort_session *session, gyre_ort_value *value, int32_t *kind);
/// A sequence has its elements as parts, a map a tensor of keys and one of values.
char *gyre_ort_part_count(gyre_ort_session *session, gyre_ort_value *value, size_t *count);
/// The caller releases the part.
char *gyre_ort_part(gyre_ort_session *session, gyre_ort_value *value, size_t index, gyre_ort_value **part);

/// Type, shape and elements of a tensor. `data` is NULL for texts.
char *gyre_ort_describe(gyre_ort_session *session, gyre_ort_value *value, int32_t *type, size_t *rank,
                        int64_t *shape, size_t shape_room, size_t *element_count, const void **data);
/// Texts of a result one after the other, with `count + 1` offsets; the caller frees both.
char *gyre_ort_texts(gyre_ort_session *session, gyre_ort_value *value, size_t count, char **bytes, size_t **offsets);
void gyre_ort_release(gyre_ort_session *session, gyre_ort_value *value);

#endif
