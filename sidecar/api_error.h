/* SPDX-License-Identifier: Apache-2.0
 *
 * Errors as an HTTP status and a JSON body with the text that the command line prints:
 *   {"error": "Secret shop/db: ...", "hint": "...", "exitStatus": 1, "errors": ["...", ...]}
 */
#ifndef API_ERROR_H
#define API_ERROR_H

#include "http_door.h"
#include "report.h"

int api_error_status(enum err_code code);

void api_error_give(struct http_exchange *exchange, const struct err *err);

/* All of a report; err where that is empty. */
void api_error_give_report(struct http_exchange *exchange, const struct report *report,
			   const struct err *err);

#endif
