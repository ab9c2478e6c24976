// SPDX-License-Identifier: Apache-2.0

#include "CLibYAML.h"

#include <stdlib.h>
#include <yaml.h>

struct gyre_yaml {
    yaml_parser_t parser;
    yaml_event_t event;
    bool has_event;
};

gyre_yaml *gyre_yaml_open(const unsigned char *text, size_t length) {
    gyre_yaml *self = calloc(1, sizeof *self);
    if (self == NULL) return NULL;
    if (!yaml_parser_initialize(&self->parser)) {
        free(self);
        return NULL;
    }
    yaml_parser_set_encoding(&self->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&self->parser, text, length);
    return self;
}

static gyre_yaml_mark mark(yaml_mark_t mark) {
    return (gyre_yaml_mark){.index = mark.index, .line = mark.line, .column = mark.column};
}

bool gyre_yaml_next(gyre_yaml *self, gyre_yaml_event *result) {
    for (;;) {
        if (self->has_event) yaml_event_delete(&self->event);
        self->has_event = yaml_parser_parse(&self->parser, &self->event);
        if (!self->has_event) return false;
        yaml_event_t *event = &self->event;
        *result = (gyre_yaml_event){.start = mark(event->start_mark), .end = mark(event->end_mark)};
        switch (event->type) {
        case YAML_NO_EVENT:
        case YAML_STREAM_END_EVENT:
            result->kind = gyre_yaml_end;
            return true;
        case YAML_DOCUMENT_START_EVENT:
            result->kind = gyre_yaml_document;
            return true;
        case YAML_ALIAS_EVENT:
            result->kind = gyre_yaml_alias;
            result->anchor = (const char *)event->data.alias.anchor;
            return true;
        case YAML_SCALAR_EVENT:
            result->kind = gyre_yaml_scalar;
            result->text = event->data.scalar.value;
            result->length = event->data.scalar.length;
            result->anchor = (const char *)event->data.scalar.anchor;
            result->tag = (const char *)event->data.scalar.tag;
            result->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
            return true;
        case YAML_SEQUENCE_START_EVENT:
            result->kind = gyre_yaml_sequence;
            result->anchor = (const char *)event->data.sequence_start.anchor;
            result->tag = (const char *)event->data.sequence_start.tag;
            result->is_flow = event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
            return true;
        case YAML_MAPPING_START_EVENT:
            result->kind = gyre_yaml_mapping;
            result->anchor = (const char *)event->data.mapping_start.anchor;
            result->tag = (const char *)event->data.mapping_start.tag;
            result->is_flow = event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
            return true;
        case YAML_SEQUENCE_END_EVENT:
        case YAML_MAPPING_END_EVENT:
            result->kind = gyre_yaml_close;
            return true;
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT:
            break;
        }
    }
}

gyre_yaml_problem gyre_yaml_last_problem(const gyre_yaml *self) {
    const yaml_parser_t *parser = &self->parser;
    return (gyre_yaml_problem){
        .problem = parser->problem ? parser->problem : "no memory is left",
        .context = parser->context,
        .mark = mark(parser->problem_mark),
        .context_mark = mark(parser->context_mark),
        .is_byte = parser->error == YAML_READER_ERROR,
        .offset = parser->problem_offset,
    };
}

void gyre_yaml_free(gyre_yaml *self) {
    if (self->has_event) yaml_event_delete(&self->event);
    yaml_parser_delete(&self->parser);
    free(self);
}
