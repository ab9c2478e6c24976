// SPDX-License-Identifier: Apache-2.0
// The Python programs that Gyre runs in a model's own environment, carried inside the binary.

#ifndef GYRE_PYTHON_WORKER_H
#define GYRE_PYTHON_WORKER_H

#include <stddef.h>

/// `Python/worker/convert.py`.
const unsigned char *gyre_convert_py(size_t *length);

/// `Python/worker/notebook.py`.
const unsigned char *gyre_notebook_py(size_t *length);

#endif
