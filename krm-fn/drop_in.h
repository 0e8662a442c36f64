/* SPDX-License-Identifier: Apache-2.0
 *
 * The program under another name: called `ksops` or `SopsSecretGenerator` it takes the command line, the input and the exit status of the
 * generator of that name, so that a repository changes one path, or nothing where a link of that name is on PATH (krm-and-flux.md 3.2).
 *
 *   ksops < ResourceList     a KRM function: every item is a config, what they generate takes their place
 *   ksops FILE               a legacy exec plugin: FILE is a config, YAML documents come out
 *   ksops install [--with-kustomize] DIR
 */
#ifndef DROP_IN_H
#define DROP_IN_H

struct drop_in;

/* By the last part of argv[0]; NULL where it is none of these names. */
const struct drop_in *drop_in_find(const char *argv0);

/* Returns the exit status; has printed its errors by then. */
int drop_in_run(const struct drop_in *drop_in, int argc, char **argv);

/* The whole --help of one, by name; NULL where there is none. */
const char *drop_in_help(const char *name);

#endif
