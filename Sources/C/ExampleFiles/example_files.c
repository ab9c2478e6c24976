// SPDX-License-Identifier: Apache-2.0

#include "ExampleFiles.h"

static const unsigned char breast_cancer_readme[] = {
#embed "../../../Examples/breast-cancer/README.md"
};
static const unsigned char breast_cancer_ignore[] = {
#embed "../../../Examples/breast-cancer/.gitignore"
};
static const unsigned char breast_cancer_dvc[] = {
#embed "../../../Examples/breast-cancer/dvc.yaml"
};
static const unsigned char breast_cancer_gyre[] = {
#embed "../../../Examples/breast-cancer/gyre.yaml"
};
static const unsigned char breast_cancer_params[] = {
#embed "../../../Examples/breast-cancer/params.yaml"
};
static const unsigned char breast_cancer_prepare[] = {
#embed "../../../Examples/breast-cancer/prepare.py"
};
static const unsigned char breast_cancer_train[] = {
#embed "../../../Examples/breast-cancer/train.py"
};
static const unsigned char breast_cancer_clinic[] = {
#embed "../../../Examples/breast-cancer/clinic.py"
};

#define FILE_OF(example, path, bytes) {example, path, bytes, sizeof bytes}

static const GyreExampleFile files[] = {
    FILE_OF("breast-cancer", "README.md", breast_cancer_readme),
    FILE_OF("breast-cancer", ".gitignore", breast_cancer_ignore),
    FILE_OF("breast-cancer", "dvc.yaml", breast_cancer_dvc),
    FILE_OF("breast-cancer", "gyre.yaml", breast_cancer_gyre),
    FILE_OF("breast-cancer", "params.yaml", breast_cancer_params),
    FILE_OF("breast-cancer", "prepare.py", breast_cancer_prepare),
    FILE_OF("breast-cancer", "train.py", breast_cancer_train),
    FILE_OF("breast-cancer", "clinic.py", breast_cancer_clinic),
};

size_t gyre_example_file_count(void) { return sizeof files / sizeof files[0]; }

GyreExampleFile gyre_example_file(size_t index) { return files[index]; }
