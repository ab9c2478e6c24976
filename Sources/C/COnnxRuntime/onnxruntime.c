// SPDX-License-Identifier: Apache-2.0

#include "COnnxRuntime.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The library's function table only grows at its end, so a position holds for every later release.
enum {
    API_VERSION = 17,
    GET_ERROR_MESSAGE = 2,
    CREATE_ENV = 3,
    CREATE_SESSION = 7,
    RUN = 9,
    CREATE_SESSION_OPTIONS = 10,
    DISABLE_MEMORY_PATTERN = 17,
    SET_LOG_SEVERITY = 22,
    SET_INTRA_THREADS = 24,
    SET_INTER_THREADS = 25,
    INPUT_COUNT = 30,
    OUTPUT_COUNT = 31,
    INPUT_TYPE_INFO = 33,
    OUTPUT_TYPE_INFO = 34,
    INPUT_NAME = 36,
    OUTPUT_NAME = 37,
    CREATE_TENSOR = 48,
    CREATE_TENSOR_WITH_DATA = 49,
    TENSOR_DATA = 51,
    FILL_STRINGS = 52,
    STRING_LENGTH = 53,
    STRING_CONTENT = 54,
    CAST_TENSOR_INFO = 55,
    KIND_OF_INFO = 56,
    ELEMENT_TYPE = 60,
    DIMENSION_COUNT = 61,
    DIMENSIONS = 62,
    ELEMENT_COUNT = 64,
    TENSOR_SHAPE = 65,
    KIND_OF_VALUE = 67,
    CREATE_CPU_MEMORY = 69,
    ALLOCATOR_FREE = 76,
    DEFAULT_ALLOCATOR = 78,
    PART = 80,
    PART_COUNT = 81,
    RELEASE_ENV = 92,
    RELEASE_STATUS = 93,
    RELEASE_MEMORY = 94,
    RELEASE_SESSION = 95,
    RELEASE_VALUE = 96,
    RELEASE_TYPE_INFO = 98,
    RELEASE_TENSOR_INFO = 99,
    RELEASE_OPTIONS = 100,
    CAST_MAP_INFO = 103,
    CAST_SEQUENCE_INFO = 104,
    MAP_VALUE_INFO = 106,
    SEQUENCE_ELEMENT_INFO = 107,
    ADD_CONFIG = 130,
};

enum { TENSOR = 1, SEQUENCE = 2, MAP = 3 };

typedef void *status;
typedef struct {
    const void *const *(*get_api)(uint32_t version);
    const char *(*get_version)(void);
} api_base;

struct gyre_ort {
    const void *const *api;
    const char *version;
    void *env;
    void *memory;
    void *allocator;
};

typedef struct {
    char *name;
    int32_t kind;
    int32_t type;
    size_t rank;
    int64_t *shape;
} port;

struct gyre_ort_session {
    const gyre_ort *runtime;
    void *session;
    port *inputs, *outputs;
    size_t input_count, output_count;
};

// Calls the function at `position` with the type that its caller knows.
#define CALL(runtime, position, type) ((type)(runtime)->api[position])

static char *sentence(const char *text) {
    char *copy = strdup(text);
    return copy != NULL ? copy : (char *)calloc(1, 1);
}

// Turns a status into a message of ours and releases it.
static char *message(const gyre_ort *runtime, status status) {
    if (status == NULL) { return NULL; }
    char *text = sentence(CALL(runtime, GET_ERROR_MESSAGE, const char *(*)(void *))(status));
    CALL(runtime, RELEASE_STATUS, void (*)(void *))(status);
    return text;
}

char *gyre_ort_open(const char *path, gyre_ort **result) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) { return sentence(dlerror()); }
    const api_base *(*base)(void) = (const api_base *(*)(void))dlsym(library, "OrtGetApiBase");
    if (base == NULL) { return sentence("it exports no OrtGetApiBase"); }
    gyre_ort *runtime = calloc(1, sizeof *runtime);
    if (runtime == NULL) { return sentence("no memory is left"); }
    runtime->version = base()->get_version();
    runtime->api = base()->get_api(API_VERSION);
    if (runtime->api == NULL) {
        free(runtime);
        return sentence("it is older than 1.17");
    }
    char *problem = message(runtime, CALL(runtime, CREATE_ENV, status (*)(int, const char *, void **))(4, "gyre", &runtime->env));
    if (problem == NULL) {
        problem = message(runtime, CALL(runtime, CREATE_CPU_MEMORY, status (*)(int, int, void **))(0, 0, &runtime->memory));
    }
    if (problem == NULL) {
        problem = message(runtime, CALL(runtime, DEFAULT_ALLOCATOR, status (*)(void **))(&runtime->allocator));
    }
    if (problem != NULL) {
        free(runtime);
        return problem;
    }
    *result = runtime;
    return NULL;
}

const char *gyre_ort_version(const gyre_ort *runtime) { return runtime->version; }

static char *read_tensor_info(const gyre_ort *runtime, const void *type, port *port) {
    // A view into `type`.
    const void *tensor = NULL;
    char *problem = message(runtime, CALL(runtime, CAST_TENSOR_INFO, status (*)(const void *, const void **))(type, &tensor));
    if (problem != NULL || tensor == NULL) { return problem; }
    problem = message(runtime, CALL(runtime, ELEMENT_TYPE, status (*)(const void *, int32_t *))(tensor, &port->type));
    if (problem == NULL) {
        problem = message(runtime, CALL(runtime, DIMENSION_COUNT, status (*)(const void *, size_t *))(tensor, &port->rank));
    }
    if (problem != NULL) { return problem; }
    port->shape = calloc(port->rank + 1, sizeof *port->shape);
    if (port->shape == NULL) { return sentence("no memory is left"); }
    return message(runtime, CALL(runtime, DIMENSIONS, status (*)(const void *, int64_t *, size_t))(tensor, port->shape, port->rank));
}

// The type of a map's values, which are tensors of one element.
static char *read_map_info(const gyre_ort *runtime, const void *type, port *port) {
    const void *map = NULL;
    void *value = NULL;
    char *problem = message(runtime, CALL(runtime, CAST_MAP_INFO, status (*)(const void *, const void **))(type, &map));
    if (problem != NULL || map == NULL) { return problem; }
    problem = message(runtime, CALL(runtime, MAP_VALUE_INFO, status (*)(const void *, void **))(map, &value));
    if (problem != NULL) { return problem; }
    problem = read_tensor_info(runtime, value, port);
    CALL(runtime, RELEASE_TYPE_INFO, void (*)(void *))(value);
    return problem;
}

// The type of a sequence's elements; `kind` becomes MAP if they are maps.
static char *read_sequence_info(const gyre_ort *runtime, const void *type, port *port) {
    const void *sequence = NULL;
    void *element = NULL;
    int32_t kind = 0;
    char *problem = message(runtime, CALL(runtime, CAST_SEQUENCE_INFO, status (*)(const void *, const void **))(type, &sequence));
    if (problem != NULL || sequence == NULL) { return problem; }
    problem = message(runtime, CALL(runtime, SEQUENCE_ELEMENT_INFO, status (*)(const void *, void **))(sequence, &element));
    if (problem != NULL) { return problem; }
    problem = message(runtime, CALL(runtime, KIND_OF_INFO, status (*)(const void *, int32_t *))(element, &kind));
    if (problem == NULL && kind == MAP) {
        port->kind = MAP;
        problem = read_map_info(runtime, element, port);
    } else if (problem == NULL && kind == TENSOR) {
        problem = read_tensor_info(runtime, element, port);
    }
    CALL(runtime, RELEASE_TYPE_INFO, void (*)(void *))(element);
    return problem;
}

static char *read_port(const gyre_ort_session *session, bool is_input, size_t index, port *port) {
    const gyre_ort *runtime = session->runtime;
    char *name = NULL;
    char *problem = message(runtime, CALL(runtime, is_input ? INPUT_NAME : OUTPUT_NAME,
        status (*)(void *, size_t, void *, char **))(session->session, index, runtime->allocator, &name));
    if (problem != NULL) { return problem; }
    port->name = sentence(name);
    free(message(runtime, CALL(runtime, ALLOCATOR_FREE, status (*)(void *, void *))(runtime->allocator, name)));

    void *type = NULL;
    problem = message(runtime, CALL(runtime, is_input ? INPUT_TYPE_INFO : OUTPUT_TYPE_INFO,
        status (*)(void *, size_t, void **))(session->session, index, &type));
    if (problem != NULL) { return problem; }
    problem = message(runtime, CALL(runtime, KIND_OF_INFO, status (*)(const void *, int32_t *))(type, &port->kind));
    if (problem == NULL && port->kind == TENSOR) { problem = read_tensor_info(runtime, type, port); }
    if (problem == NULL && port->kind == SEQUENCE) { problem = read_sequence_info(runtime, type, port); }
    if (problem == NULL && port->kind == MAP) { problem = read_map_info(runtime, type, port); }
    CALL(runtime, RELEASE_TYPE_INFO, void (*)(void *))(type);
    return problem;
}

static char *read_ports(gyre_ort_session *session, bool is_input, size_t *count, port **ports) {
    const gyre_ort *runtime = session->runtime;
    char *problem = message(runtime, CALL(runtime, is_input ? INPUT_COUNT : OUTPUT_COUNT,
        status (*)(void *, size_t *))(session->session, count));
    if (problem != NULL) { return problem; }
    *ports = calloc(*count + 1, sizeof **ports);
    if (*ports == NULL) { return sentence("no memory is left"); }
    for (size_t index = 0; index < *count && problem == NULL; index += 1) {
        problem = read_port(session, is_input, index, &(*ports)[index]);
    }
    return problem;
}

char *gyre_ort_load(gyre_ort *runtime, const char *model, int32_t threads, gyre_ort_session **result) {
    gyre_ort_session *session = calloc(1, sizeof *session);
    if (session == NULL) { return sentence("no memory is left"); }
    session->runtime = runtime;
    void *options = NULL;
    char *problem = message(runtime, CALL(runtime, CREATE_SESSION_OPTIONS, status (*)(void **))(&options));
    if (problem == NULL) {
        problem = message(runtime, CALL(runtime, SET_INTRA_THREADS, status (*)(void *, int))(options, threads));
    }
    if (problem == NULL) {
        problem = message(runtime, CALL(runtime, SET_INTER_THREADS, status (*)(void *, int))(options, 1));
    }
    // Requests differ in their number of rows: a plan of memory made for one size is of no use for the next.
    if (problem == NULL) {
        problem = message(runtime, CALL(runtime, DISABLE_MEMORY_PATTERN, status (*)(void *))(options));
    }
    // Threads that spin while they wait take the cores from those who answer.
    if (problem == NULL) {
        problem = message(runtime, CALL(runtime, ADD_CONFIG, status (*)(void *, const char *, const char *))(
            options, "session.intra_op.allow_spinning", "0"));
    }
    if (problem == NULL) {
        problem = message(runtime, CALL(runtime, SET_LOG_SEVERITY, status (*)(void *, int))(options, 4));
    }
    if (problem == NULL) {
        problem = message(runtime, CALL(runtime, CREATE_SESSION, status (*)(void *, const char *, void *, void **))(
            runtime->env, model, options, &session->session));
    }
    if (options != NULL) { CALL(runtime, RELEASE_OPTIONS, void (*)(void *))(options); }
    if (problem == NULL) { problem = read_ports(session, true, &session->input_count, &session->inputs); }
    if (problem == NULL) { problem = read_ports(session, false, &session->output_count, &session->outputs); }
    if (problem != NULL) {
        gyre_ort_unload(session);
        return problem;
    }
    *result = session;
    return NULL;
}

static void free_ports(port *ports, size_t count) {
    for (size_t index = 0; ports != NULL && index < count; index += 1) {
        free(ports[index].name);
        free(ports[index].shape);
    }
    free(ports);
}

void gyre_ort_unload(gyre_ort_session *session) {
    if (session->session != NULL) { CALL(session->runtime, RELEASE_SESSION, void (*)(void *))(session->session); }
    free_ports(session->inputs, session->input_count);
    free_ports(session->outputs, session->output_count);
    free(session);
}

static const port *port_at(const gyre_ort_session *session, bool is_input, size_t index) {
    return &(is_input ? session->inputs : session->outputs)[index];
}

size_t gyre_ort_port_count(const gyre_ort_session *session, bool is_input) {
    return is_input ? session->input_count : session->output_count;
}

const char *gyre_ort_port_name(const gyre_ort_session *session, bool is_input, size_t index) {
    return port_at(session, is_input, index)->name;
}

int32_t gyre_ort_port_kind(const gyre_ort_session *session, bool is_input, size_t index) {
    return port_at(session, is_input, index)->kind;
}

int32_t gyre_ort_port_type(const gyre_ort_session *session, bool is_input, size_t index) {
    return port_at(session, is_input, index)->type;
}

size_t gyre_ort_port_shape(const gyre_ort_session *session, bool is_input, size_t index, const int64_t **shape) {
    const port *port = port_at(session, is_input, index);
    *shape = port->shape;
    return port->rank;
}

static char *make_input(const gyre_ort *runtime, const gyre_ort_input *input, void **value) {
    if (input->texts == NULL) {
        return message(runtime, CALL(runtime, CREATE_TENSOR_WITH_DATA,
            status (*)(void *, const void *, size_t, const int64_t *, size_t, int, void **))(
            runtime->memory, input->data, input->byte_count, input->shape, input->rank, input->type, value));
    }
    char *problem = message(runtime, CALL(runtime, CREATE_TENSOR,
        status (*)(void *, const int64_t *, size_t, int, void **))(
        runtime->allocator, input->shape, input->rank, input->type, value));
    if (problem != NULL) { return problem; }
    return message(runtime, CALL(runtime, FILL_STRINGS, status (*)(void *, const char *const *, size_t))(
        *value, input->texts, input->text_count));
}

char *gyre_ort_run(gyre_ort_session *session, const gyre_ort_input *inputs, size_t input_count,
                   const char *const *outputs, size_t output_count, gyre_ort_value **results) {
    const gyre_ort *runtime = session->runtime;
    void **values = calloc(input_count + 1, sizeof *values);
    const char **names = calloc(input_count + 1, sizeof *names);
    char *problem = values == NULL || names == NULL ? sentence("no memory is left") : NULL;
    for (size_t index = 0; index < input_count && problem == NULL; index += 1) {
        names[index] = inputs[index].name;
        problem = make_input(runtime, &inputs[index], &values[index]);
    }
    if (problem == NULL) {
        problem = message(runtime, CALL(runtime, RUN,
            status (*)(void *, const void *, const char *const *, void *const *, size_t, const char *const *, size_t, void **))(
            session->session, NULL, names, values, input_count, outputs, output_count, (void **)results));
    }
    for (size_t index = 0; values != NULL && index < input_count; index += 1) {
        if (values[index] != NULL) { CALL(runtime, RELEASE_VALUE, void (*)(void *))(values[index]); }
    }
    free(values);
    free(names);
    return problem;
}

char *gyre_ort_kind(gyre_ort_session *session, gyre_ort_value *value, int32_t *kind) {
    return message(session->runtime, CALL(session->runtime, KIND_OF_VALUE, status (*)(const void *, int32_t *))(value, kind));
}

char *gyre_ort_part_count(gyre_ort_session *session, gyre_ort_value *value, size_t *count) {
    return message(session->runtime, CALL(session->runtime, PART_COUNT, status (*)(const void *, size_t *))(value, count));
}

char *gyre_ort_part(gyre_ort_session *session, gyre_ort_value *value, size_t index, gyre_ort_value **part) {
    const gyre_ort *runtime = session->runtime;
    return message(runtime, CALL(runtime, PART, status (*)(const void *, int, void *, void **))(
        value, (int)index, runtime->allocator, (void **)part));
}

char *gyre_ort_describe(gyre_ort_session *session, gyre_ort_value *value, int32_t *type, size_t *rank,
                        int64_t *shape, size_t shape_room, size_t *element_count, const void **data) {
    const gyre_ort *runtime = session->runtime;
    void *info = NULL;
    char *problem = message(runtime, CALL(runtime, TENSOR_SHAPE, status (*)(void *, void **))(value, &info));
    if (problem != NULL) { return problem; }
    problem = message(runtime, CALL(runtime, ELEMENT_TYPE, status (*)(const void *, int32_t *))(info, type));
    if (problem == NULL) {
        problem = message(runtime, CALL(runtime, DIMENSION_COUNT, status (*)(const void *, size_t *))(info, rank));
    }
    if (problem == NULL && *rank > shape_room) { problem = sentence("the model gives a tensor of too many dimensions"); }
    if (problem == NULL) {
        problem = message(runtime, CALL(runtime, DIMENSIONS, status (*)(const void *, int64_t *, size_t))(info, shape, *rank));
    }
    if (problem == NULL) {
        problem = message(runtime, CALL(runtime, ELEMENT_COUNT, status (*)(const void *, size_t *))(info, element_count));
    }
    CALL(runtime, RELEASE_TENSOR_INFO, void (*)(void *))(info);
    *data = NULL;
    if (problem == NULL && *type != 8) {
        problem = message(runtime, CALL(runtime, TENSOR_DATA, status (*)(void *, const void **))(value, data));
    }
    return problem;
}

char *gyre_ort_texts(gyre_ort_session *session, gyre_ort_value *value, size_t count, char **bytes, size_t **offsets) {
    const gyre_ort *runtime = session->runtime;
    size_t length = 0;
    char *problem = message(runtime, CALL(runtime, STRING_LENGTH, status (*)(void *, size_t *))(value, &length));
    if (problem != NULL) { return problem; }
    *bytes = calloc(length + 1, 1);
    *offsets = calloc(count + 1, sizeof **offsets);
    if (*bytes == NULL || *offsets == NULL) { return sentence("no memory is left"); }
    problem = message(runtime, CALL(runtime, STRING_CONTENT, status (*)(void *, void *, size_t, size_t *, size_t))(
        value, *bytes, length, *offsets, count));
    (*offsets)[count] = length;
    return problem;
}

void gyre_ort_release(gyre_ort_session *session, gyre_ort_value *value) {
    CALL(session->runtime, RELEASE_VALUE, void (*)(void *))(value);
}
