// SPDX-License-Identifier: Apache-2.0

#include "CDuckDB.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The library's own structures, as its C interface documents them.
typedef struct {
    uint64_t unused_columns, unused_rows, unused_changed;
    void *unused;
    char *unused_error;
    void *internal;
} result_handle;

typedef union {
    struct {
        uint32_t length;
        char prefix[4];
        char *pointer;
    } far;
    struct {
        uint32_t length;
        char bytes[12];
    } near;
} text_cell;

typedef struct {
    uint64_t lower;
    int64_t upper;
} huge;

enum {
    TYPE_BOOL = 1,
    TYPE_INT8,
    TYPE_INT16,
    TYPE_INT32,
    TYPE_INT64,
    TYPE_UINT8,
    TYPE_UINT16,
    TYPE_UINT32,
    TYPE_UINT64,
    TYPE_FLOAT,
    TYPE_DOUBLE,
    TYPE_TIMESTAMP,
    TYPE_DATE,
    TYPE_HUGE = 16,
    TYPE_TEXT = 17,
    TYPE_DECIMAL = 19,
    TYPE_TIMESTAMP_S = 20,
    TYPE_TIMESTAMP_MS = 21,
    TYPE_TIMESTAMP_NS = 22,
    TYPE_TIMESTAMP_TZ = 31,
    TYPE_NULL = 36,
};

#define FUNCTIONS(F) \
    F(const char *, library_version, (void)) \
    F(int, create_config, (void **)) \
    F(int, set_config, (void *, const char *, const char *)) \
    F(void, destroy_config, (void **)) \
    F(int, open_ext, (const char *, void **, void *, char **)) \
    F(void, close, (void **)) \
    F(int, connect, (void *, void **)) \
    F(void, disconnect, (void **)) \
    F(void, interrupt, (void *)) \
    F(void, free, (void *)) \
    F(int, prepare, (void *, const char *, void **)) \
    F(const char *, prepare_error, (void *)) \
    F(void, destroy_prepare, (void **)) \
    F(int, bind_null, (void *, uint64_t)) \
    F(int, bind_boolean, (void *, uint64_t, bool)) \
    F(int, bind_int64, (void *, uint64_t, int64_t)) \
    F(int, bind_double, (void *, uint64_t, double)) \
    F(int, bind_varchar_length, (void *, uint64_t, const char *, uint64_t)) \
    F(int, execute_prepared_streaming, (void *, result_handle *)) \
    F(const char *, result_error, (result_handle *)) \
    F(void, destroy_result, (result_handle *)) \
    F(uint64_t, column_count, (result_handle *)) \
    F(const char *, column_name, (result_handle *, uint64_t)) \
    F(int, column_type, (result_handle *, uint64_t)) \
    F(void *, column_logical_type, (result_handle *, uint64_t)) \
    F(void, destroy_logical_type, (void **)) \
    F(uint8_t, decimal_scale, (void *)) \
    F(int, decimal_internal_type, (void *)) \
    F(void *, fetch_chunk, (result_handle)) \
    F(void, destroy_data_chunk, (void **)) \
    F(uint64_t, data_chunk_get_size, (void *)) \
    F(void *, data_chunk_get_vector, (void *, uint64_t)) \
    F(void *, vector_get_data, (void *)) \
    F(uint64_t *, vector_get_validity, (void *)) \
    F(int, appender_create, (void *, const char *, const char *, void **)) \
    F(const char *, appender_error, (void *)) \
    F(int, appender_end_row, (void *)) \
    F(int, appender_close, (void *)) \
    F(int, appender_destroy, (void **)) \
    F(int, append_null, (void *)) \
    F(int, append_bool, (void *, bool)) \
    F(int, append_int64, (void *, int64_t)) \
    F(int, append_double, (void *, double)) \
    F(int, append_varchar_length, (void *, const char *, uint64_t))

struct gyre_duckdb {
#define DECLARE(result, name, arguments) result(*name) arguments;
    FUNCTIONS(DECLARE)
#undef DECLARE
};

struct gyre_duckdb_database {
    const gyre_duckdb *library;
    void *handle;
};

struct gyre_duckdb_connection {
    const gyre_duckdb *library;
    void *handle;
};

struct gyre_duckdb_result {
    const gyre_duckdb *library;
    void *statement;
    result_handle handle;
    void *chunk;
    // Room for the columns of the current chunk, one block each.
    void **blocks;
    size_t columns;
};

struct gyre_duckdb_appender {
    const gyre_duckdb *library;
    void *handle;
};

static char *sentence(const char *text) {
    char *copy = strdup(text != NULL ? text : "it gives no reason");
    return copy != NULL ? copy : (char *)calloc(1, 1);
}

char *gyre_duckdb_open(const char *path, const char *python, gyre_duckdb **result) {
    // A Python extension module takes its symbols from libpython, which must be there before it.
    if (python != NULL && dlopen(python, RTLD_NOW | RTLD_GLOBAL) == NULL) { return sentence(dlerror()); }
    void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    if (library == NULL) { return sentence(dlerror()); }
    gyre_duckdb *table = calloc(1, sizeof *table);
    if (table == NULL) { return sentence("no memory is left"); }
#define FIND(result_type, name, arguments) \
    table->name = (result_type(*) arguments)dlsym(library, "duckdb_" #name); \
    if (table->name == NULL) { \
        free(table); \
        return sentence("it has no function duckdb_" #name); \
    }
    FUNCTIONS(FIND)
#undef FIND
    *result = table;
    return NULL;
}

const char *gyre_duckdb_version(const gyre_duckdb *library) { return library->library_version(); }

char *gyre_duckdb_create(gyre_duckdb *library, const char *const *settings, gyre_duckdb_database **result) {
    void *config = NULL;
    if (library->create_config(&config) != 0) { return sentence("no memory is left"); }
    for (; settings[0] != NULL; settings += 2) {
        if (library->set_config(config, settings[0], settings[1]) != 0) {
            library->destroy_config(&config);
            return sentence("a setting is not known");
        }
    }
    gyre_duckdb_database *database = calloc(1, sizeof *database);
    if (database == NULL) { return sentence("no memory is left"); }
    database->library = library;
    char *problem = NULL;
    int status = library->open_ext(":memory:", &database->handle, config, &problem);
    library->destroy_config(&config);
    if (status != 0) {
        char *text = sentence(problem);
        if (problem != NULL) { library->free(problem); }
        free(database);
        return text;
    }
    *result = database;
    return NULL;
}

void gyre_duckdb_destroy(gyre_duckdb_database *database) {
    database->library->close(&database->handle);
    free(database);
}

char *gyre_duckdb_connect(gyre_duckdb_database *database, gyre_duckdb_connection **result) {
    gyre_duckdb_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) { return sentence("no memory is left"); }
    connection->library = database->library;
    if (database->library->connect(database->handle, &connection->handle) != 0) {
        free(connection);
        return sentence("the database takes no connection");
    }
    *result = connection;
    return NULL;
}

void gyre_duckdb_disconnect(gyre_duckdb_connection *connection) {
    connection->library->disconnect(&connection->handle);
    free(connection);
}

void gyre_duckdb_interrupt(gyre_duckdb_connection *connection) { connection->library->interrupt(connection->handle); }

static int bind(const gyre_duckdb *library, void *statement, uint64_t index, const gyre_duckdb_value *value) {
    switch (value->kind) {
    case 'b': return library->bind_boolean(statement, index, value->integer != 0);
    case 'i': return library->bind_int64(statement, index, value->integer);
    case 'd': return library->bind_double(statement, index, value->real);
    case 't': return library->bind_varchar_length(statement, index, value->text, value->length);
    default: return library->bind_null(statement, index);
    }
}

char *gyre_duckdb_run(gyre_duckdb_connection *connection, const char *sql, const gyre_duckdb_value *values, size_t count,
                      gyre_duckdb_result **result) {
    const gyre_duckdb *library = connection->library;
    gyre_duckdb_result *run = calloc(1, sizeof *run);
    if (run == NULL) { return sentence("no memory is left"); }
    run->library = library;
    char *problem = NULL;
    if (library->prepare(connection->handle, sql, &run->statement) != 0) {
        problem = sentence(library->prepare_error(run->statement));
    }
    for (size_t index = 0; index < count && problem == NULL; index += 1) {
        if (bind(library, run->statement, index + 1, &values[index]) != 0) { problem = sentence("a value cannot be bound"); }
    }
    if (problem == NULL && library->execute_prepared_streaming(run->statement, &run->handle) != 0) {
        problem = sentence(library->result_error(&run->handle));
    }
    if (problem == NULL) {
        run->columns = library->column_count(&run->handle);
        run->blocks = calloc(run->columns + 1, sizeof *run->blocks);
        if (run->blocks == NULL) { problem = sentence("no memory is left"); }
    }
    if (problem != NULL) {
        gyre_duckdb_finish(run);
        return problem;
    }
    *result = run;
    return NULL;
}

size_t gyre_duckdb_column_count(gyre_duckdb_result *result) { return result->columns; }

const char *gyre_duckdb_column_name(gyre_duckdb_result *result, size_t column) {
    return result->library->column_name(&result->handle, column);
}

static char kind_of(int type) {
    switch (type) {
    case TYPE_BOOL: return 'b';
    case TYPE_INT8: case TYPE_INT16: case TYPE_INT32: case TYPE_INT64:
    case TYPE_UINT8: case TYPE_UINT16: case TYPE_UINT32: case TYPE_TIMESTAMP: case TYPE_DATE:
    case TYPE_TIMESTAMP_S: case TYPE_TIMESTAMP_MS: case TYPE_TIMESTAMP_NS: case TYPE_TIMESTAMP_TZ: case TYPE_NULL: return 'i';
    case TYPE_UINT64: case TYPE_FLOAT: case TYPE_DOUBLE: case TYPE_HUGE: case TYPE_DECIMAL: return 'd';
    case TYPE_TEXT: return 't';
    default: return 0;
    }
}

char gyre_duckdb_column_kind(gyre_duckdb_result *result, size_t column) {
    return kind_of(result->library->column_type(&result->handle, column));
}

int gyre_duckdb_next(gyre_duckdb_result *result, size_t *rows, char **problem) {
    const gyre_duckdb *library = result->library;
    if (result->chunk != NULL) { library->destroy_data_chunk(&result->chunk); }
    result->chunk = library->fetch_chunk(result->handle);
    if (result->chunk == NULL) {
        const char *error = library->result_error(&result->handle);
        if (error == NULL) { return 0; }
        *problem = sentence(error);
        return -1;
    }
    *rows = library->data_chunk_get_size(result->chunk);
    return *rows > 0 ? 1 : 0;
}

// As one integer first: the halves of a small negative number are large and would cancel each other's digits.
static double huge_value(huge value) { return (double)(__int128)(((unsigned __int128)value.upper << 64) | value.lower); }

static double number_at(const void *data, int type, size_t row) {
    switch (type) {
    case TYPE_INT16: return ((const int16_t *)data)[row];
    case TYPE_INT32: return ((const int32_t *)data)[row];
    case TYPE_INT64: return (double)((const int64_t *)data)[row];
    case TYPE_UINT64: return (double)((const uint64_t *)data)[row];
    case TYPE_FLOAT: return ((const float *)data)[row];
    case TYPE_HUGE: return huge_value(((const huge *)data)[row]);
    default: return ((const double *)data)[row];
    }
}

static int64_t integer_at(const void *data, int type, size_t row) {
    switch (type) {
    case TYPE_INT8: return ((const int8_t *)data)[row];
    case TYPE_UINT8: return ((const uint8_t *)data)[row];
    case TYPE_INT16: return ((const int16_t *)data)[row];
    case TYPE_UINT16: return ((const uint16_t *)data)[row];
    case TYPE_INT32: case TYPE_DATE: return ((const int32_t *)data)[row];
    case TYPE_UINT32: return ((const uint32_t *)data)[row];
    // All timestamps in microseconds, rounded down.
    case TYPE_TIMESTAMP_S: return ((const int64_t *)data)[row] * 1000000;
    case TYPE_TIMESTAMP_MS: return ((const int64_t *)data)[row] * 1000;
    case TYPE_TIMESTAMP_NS: {
        int64_t value = ((const int64_t *)data)[row];
        return value / 1000 - (value % 1000 < 0 ? 1 : 0);
    }
    default: return ((const int64_t *)data)[row];
    }
}

char *gyre_duckdb_read(gyre_duckdb_result *result, size_t column, gyre_duckdb_column *values) {
    const gyre_duckdb *library = result->library;
    void *vector = library->data_chunk_get_vector(result->chunk, column);
    const void *data = library->vector_get_data(vector);
    const uint64_t *validity = library->vector_get_validity(vector);
    size_t count = library->data_chunk_get_size(result->chunk);
    int type = library->column_type(&result->handle, column);
    memset(values, 0, sizeof *values);
    values->kind = kind_of(type);
    values->count = count;
    if (values->kind == 0) { return sentence("the column has a type that is not read; cast it to a number or VARCHAR"); }

    // 16 bytes a value hold a number or a text's pointer and length, one more says whether it is there.
    free(result->blocks[column]);
    result->blocks[column] = malloc(count * 17 + 1);
    if (result->blocks[column] == NULL) { return sentence("no memory is left"); }
    int64_t *first = result->blocks[column];
    size_t *second = (size_t *)(first + count);
    uint8_t *valid = (uint8_t *)(second + count);
    values->valid = valid;
    for (size_t row = 0; row < count; row += 1) {
        valid[row] = validity == NULL || (validity[row / 64] >> (row % 64) & 1) ? 1 : 0;
    }
    double scale = 1;
    int stored = type;
    if (type == TYPE_DECIMAL) {
        void *logical = library->column_logical_type(&result->handle, column);
        for (int digits = library->decimal_scale(logical); digits > 0; digits -= 1) { scale *= 10; }
        stored = library->decimal_internal_type(logical);
        library->destroy_logical_type(&logical);
    }
    switch (values->kind) {
    case 'b':
        values->bools = data;
        break;
    case 'i':
        for (size_t row = 0; row < count; row += 1) { first[row] = valid[row] ? integer_at(data, type, row) : 0; }
        values->integers = first;
        break;
    case 'd':
        for (size_t row = 0; row < count; row += 1) {
            ((double *)first)[row] = valid[row] ? number_at(data, stored, row) / scale : 0;
        }
        values->reals = (const double *)first;
        break;
    default:
        for (size_t row = 0; row < count; row += 1) {
            const text_cell *cell = &((const text_cell *)data)[row];
            ((const char **)first)[row] = !valid[row] ? "" : cell->near.length <= 12 ? cell->near.bytes : cell->far.pointer;
            second[row] = valid[row] ? cell->near.length : 0;
        }
        values->texts = (const char *const *)first;
        values->lengths = second;
    }
    return NULL;
}

void gyre_duckdb_finish(gyre_duckdb_result *result) {
    const gyre_duckdb *library = result->library;
    if (result->chunk != NULL) { library->destroy_data_chunk(&result->chunk); }
    library->destroy_result(&result->handle);
    library->destroy_prepare(&result->statement);
    for (size_t column = 0; result->blocks != NULL && column < result->columns; column += 1) { free(result->blocks[column]); }
    free(result->blocks);
    free(result);
}

char *gyre_duckdb_append_begin(gyre_duckdb_connection *connection, const char *table, gyre_duckdb_appender **result) {
    gyre_duckdb_appender *appender = calloc(1, sizeof *appender);
    if (appender == NULL) { return sentence("no memory is left"); }
    appender->library = connection->library;
    if (connection->library->appender_create(connection->handle, NULL, table, &appender->handle) != 0) {
        char *problem = sentence(connection->library->appender_error(appender->handle));
        connection->library->appender_destroy(&appender->handle);
        free(appender);
        return problem;
    }
    *result = appender;
    return NULL;
}

static int append(const gyre_duckdb *library, void *appender, const gyre_duckdb_value *value) {
    switch (value->kind) {
    case 'b': return library->append_bool(appender, value->integer != 0);
    case 'i': return library->append_int64(appender, value->integer);
    case 'd': return library->append_double(appender, value->real);
    case 't': return library->append_varchar_length(appender, value->text, value->length);
    default: return library->append_null(appender);
    }
}

char *gyre_duckdb_append_row(gyre_duckdb_appender *appender, const gyre_duckdb_value *values, size_t count) {
    const gyre_duckdb *library = appender->library;
    int status = 0;
    for (size_t index = 0; index < count && status == 0; index += 1) {
        status = append(library, appender->handle, &values[index]);
    }
    if (status == 0) { status = library->appender_end_row(appender->handle); }
    return status == 0 ? NULL : sentence(library->appender_error(appender->handle));
}

char *gyre_duckdb_append_end(gyre_duckdb_appender *appender) {
    const gyre_duckdb *library = appender->library;
    char *problem = NULL;
    if (library->appender_close(appender->handle) != 0) { problem = sentence(library->appender_error(appender->handle)); }
    library->appender_destroy(&appender->handle);
    free(appender);
    return problem;
}
