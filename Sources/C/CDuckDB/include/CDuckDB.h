// SPDX-License-Identifier: Apache-2.0
// DuckDB, opened at run time: prepared statements, results by the chunk, and appending rows.
//
// Functions that can fail return a message that the caller frees with `free`, or NULL if all went well.

#ifndef GYRE_CDUCKDB_H
#define GYRE_CDUCKDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct gyre_duckdb gyre_duckdb;
typedef struct gyre_duckdb_database gyre_duckdb_database;
typedef struct gyre_duckdb_connection gyre_duckdb_connection;
typedef struct gyre_duckdb_result gyre_duckdb_result;
typedef struct gyre_duckdb_appender gyre_duckdb_appender;

/// A value to bind or append.
typedef struct {
    /// `n` null, `b` bool, `i` integer, `d` double, `t` text.
    char kind;
    int64_t integer;
    double real;
    const char *text;
    size_t length;
} gyre_duckdb_value;

/// One column of a chunk: `count` values of one kind, and which of them are there.
typedef struct {
    /// `b` bool bytes, `i` 64-bit integers, `d` doubles, `t` texts.
    char kind;
    size_t count;
    const int64_t *integers;
    const double *reals;
    const uint8_t *bools;
    const char *const *texts;
    const size_t *lengths;
    /// One byte a value, 0 for null.
    const uint8_t *valid;
} gyre_duckdb_column;

/// Opens the library. `python` is the libpython that a Python extension module needs first, or NULL.
char *gyre_duckdb_open(const char *path, const char *python, gyre_duckdb **result);
const char *gyre_duckdb_version(const gyre_duckdb *library);

/// An in-memory database. `settings` are name, value, name, value, …, NULL.
char *gyre_duckdb_create(gyre_duckdb *library, const char *const *settings, gyre_duckdb_database **result);
void gyre_duckdb_destroy(gyre_duckdb_database *database);
char *gyre_duckdb_connect(gyre_duckdb_database *database, gyre_duckdb_connection **result);
void gyre_duckdb_disconnect(gyre_duckdb_connection *connection);
/// May be called from another thread than the one that runs a statement.
void gyre_duckdb_interrupt(gyre_duckdb_connection *connection);

/// Runs one statement; its rows come by `gyre_duckdb_next`.
char *gyre_duckdb_run(gyre_duckdb_connection *connection, const char *sql, const gyre_duckdb_value *values, size_t count,
                      gyre_duckdb_result **result);
size_t gyre_duckdb_column_count(gyre_duckdb_result *result);
const char *gyre_duckdb_column_name(gyre_duckdb_result *result, size_t column);
/// The kind of a column as in `gyre_duckdb_column`; 0 for a type that is not read.
char gyre_duckdb_column_kind(gyre_duckdb_result *result, size_t column);
/// The next chunk: 1 and its row count, 0 at the end, -1 with a message.
int gyre_duckdb_next(gyre_duckdb_result *result, size_t *rows, char **problem);
/// A column of the current chunk, valid until the next.
char *gyre_duckdb_read(gyre_duckdb_result *result, size_t column, gyre_duckdb_column *values);
void gyre_duckdb_finish(gyre_duckdb_result *result);

char *gyre_duckdb_append_begin(gyre_duckdb_connection *connection, const char *table, gyre_duckdb_appender **result);
char *gyre_duckdb_append_row(gyre_duckdb_appender *appender, const gyre_duckdb_value *values, size_t count);
/// Writes what is pending and frees the appender, also on failure.
char *gyre_duckdb_append_end(gyre_duckdb_appender *appender);

#endif
