/* SPDX-License-Identifier: Apache-2.0
 *
 * Compiler attributes and cleanup markers, so that a declaration says what the compiler shall hold us to. Every owner is declared
 * with its CLEAN_ marker and an initialiser; the cleanup then runs on every return, so no line of a function body is about freeing.
 */
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

#include <stddef.h>

#define NODISCARD               __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))
#define PUBLIC                  __attribute__((visibility("default")))
#define UNUSED                  __attribute__((unused))

/* CLEANUP(fn): fn gets a pointer to the variable when it goes out of scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
