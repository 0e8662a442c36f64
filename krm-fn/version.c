/* SPDX-License-Identifier: Apache-2.0
 *
 * Names versions, calls nothing else of these libraries; see version.h. What is told is what was loaded, not what was compiled against.
 */
#include "version.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <openssl/crypto.h>
#include <pcre2.h>
#include <sodium.h>
#include <stdio.h>

enum { PCRE2_VERSION_MAX = 64 /* bytes; "10.42 2022-12-11" */ };

void version_print(void)
{
	char pcre2[PCRE2_VERSION_MAX] = "";

	(void)pcre2_config(PCRE2_CONFIG_VERSION, pcre2);
	printf("krm-sops " KRMSOPS_VERSION "\n"
	       "decrypts as sops 3.13.3\n"
	       "%s\n"
	       "libsodium %s\n"
	       "PCRE2 %s\n",
	       OpenSSL_version(OPENSSL_VERSION), sodium_version_string(), pcre2);
}
