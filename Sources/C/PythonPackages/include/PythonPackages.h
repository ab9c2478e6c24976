// SPDX-License-Identifier: Apache-2.0
// The pinned Python packages of the examples and the model converter, carried inside the binary.

#ifndef GYRE_PYTHON_PACKAGES_H
#define GYRE_PYTHON_PACKAGES_H

#include <stddef.h>

/// `Python/requirements.txt`.
const unsigned char *gyre_requirements_txt(size_t *length);

#endif
