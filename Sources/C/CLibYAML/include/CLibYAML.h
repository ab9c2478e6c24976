// SPDX-License-Identifier: Apache-2.0
// libyaml's events without the unions that Swift reads badly.

#ifndef GYRE_CLIBYAML_H
#define GYRE_CLIBYAML_H

#include <stdbool.h>
#include <stddef.h>

/// A parser of one text.
typedef struct gyre_yaml gyre_yaml;

typedef enum {
    gyre_yaml_alias,
    gyre_yaml_scalar,
    gyre_yaml_sequence,
    gyre_yaml_mapping,
    /// The end of a sequence or mapping.
    gyre_yaml_close,
    /// The begin of a document.
    gyre_yaml_document,
    /// The end of the text.
    gyre_yaml_end,
} gyre_yaml_kind;

/// A place; all numbers count characters from 0.
typedef struct {
    size_t index, line, column;
} gyre_yaml_mark;

/// What comes next; its texts live until the next event.
typedef struct {
    gyre_yaml_kind kind;
    /// A scalar's value in UTF-8.
    const unsigned char *text;
    size_t length;
    /// The anchor of a value, or what an alias points to; NULL without one.
    const char *anchor;
    /// NULL without one.
    const char *tag;
    /// Whether a scalar has no quotes and is no block.
    bool is_plain;
    /// Whether a sequence or mapping is in brackets.
    bool is_flow;
    gyre_yaml_mark start, end;
} gyre_yaml_event;

/// Why a text is no YAML.
typedef struct {
    const char *problem;
    /// What was being read; NULL if libyaml doesn't say.
    const char *context;
    gyre_yaml_mark mark;
    /// Where that began.
    gyre_yaml_mark context_mark;
    /// Whether it is about a byte, at `offset`, before anything was read from it; then there is no mark.
    bool is_byte;
    size_t offset;
} gyre_yaml_problem;

/// Begins to parse UTF-8, which must outlive the parser; NULL without memory.
gyre_yaml *gyre_yaml_open(const unsigned char *text, size_t length);

/// Reads one event; false on a problem.
bool gyre_yaml_next(gyre_yaml *parser, gyre_yaml_event *event);

/// The problem that ended the reading.
gyre_yaml_problem gyre_yaml_last_problem(const gyre_yaml *parser);

/// Frees a parser.
void gyre_yaml_free(gyre_yaml *parser);

#endif
