// SPDX-License-Identifier: Apache-2.0

#include "PythonPackages.h"

static const unsigned char requirements_txt[] = {
#embed "../../../Python/requirements.txt"
};

const unsigned char *gyre_requirements_txt(size_t *length) {
    *length = sizeof requirements_txt;
    return requirements_txt;
}
