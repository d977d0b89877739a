/* SPDX-License-Identifier: MIT */
/*
 * Service TDs: the binding of a migration TD to a TD that it serves.
 */
#ifndef SEAMLESS_MODULE_SERVTD_H
#define SEAMLESS_MODULE_SERVTD_H

#include <stdbool.h>
#include "module/td.h"

/* SERVTD_HASH of the TD's bindings as they are, zero if there is none. False: no memory. */
bool servtd_hash(struct tdcs *tdcs);

#endif
