// SPDX-License-Identifier: Apache-2.0

// Nothing to call: linking this target is what it is for, see no_locales.c.
