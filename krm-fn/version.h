/* SPDX-License-Identifier: Apache-2.0
 *
 * `krm-sops --version`: ours and that of each library that we run with.
 */
#ifndef VERSION_H
#define VERSION_H

void version_print(void);

#endif
