/* SPDX-License-Identifier: Apache-2.0
 *
 * Shamir's secret sharing over GF(2^8), the combining half: shares of a data key to the key. Constant time: no branch and no table
 * look-up depends on a share's bytes. sops: shamir/shamir.go; sops-format.md 4.4
 *
 *   share = y1 .. yN x      N bytes of the secret's length, then one byte x (last, other implementations put it first)
 */
#ifndef SOPS_SHAMIR_H
#define SOPS_SHAMIR_H

#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"

enum { SHAMIR_SHARES_MAX = 255 /* x is a byte, and not 0 */ };

/* Interpolates all n shares at 0 into secret, which has room for share length - 1 bytes. Errors, each ERR_NO_KEY: fewer than two shares,
 * one shorter than two bytes, lengths that differ, two with the same x, x = 0. Too few shares for the real threshold, or a wrong one,
 * can not be noticed: the result is then another key. */
int shamir_combine(const struct span *shares, size_t n, uint8_t *secret, struct err *err) NODISCARD;

#endif
