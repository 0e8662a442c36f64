/* SPDX-License-Identifier: Apache-2.0
 *
 * `krm-sops doctor`: what a build needs of the place that it runs in; see doctor.h.
 */
#ifndef CMD_DOCTOR_H
#define CMD_DOCTOR_H

#include "command.h"

extern const struct command cmd_doctor;

#endif
