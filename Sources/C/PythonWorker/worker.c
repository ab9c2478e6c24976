// SPDX-License-Identifier: Apache-2.0

#include "PythonWorker.h"

static const unsigned char convert_py[] = {
#embed "../../../Python/worker/convert.py"
};

const unsigned char *gyre_convert_py(size_t *length) {
    *length = sizeof convert_py;
    return convert_py;
}

static const unsigned char notebook_py[] = {
#embed "../../../Python/worker/notebook.py"
};

const unsigned char *gyre_notebook_py(size_t *length) {
    *length = sizeof notebook_py;
    return notebook_py;
}
