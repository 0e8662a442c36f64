/* SPDX-License-Identifier: Apache-2.0
 *
 * Environment variables that hold secrets: where they lie, and how they go.
 */
#ifndef VARIABLES_H
#define VARIABLES_H

/* The entry "NAME=VALUE" of a variable at or after `at` in environ, or NULL. */
char **variables_find(char **at, const char *name);

/* Wipes the value of a variable, wherever it stands in the environment, and removes it. */
void variables_forget(const char *name);

#endif
